import { expect, test } from 'vitest'
import { splitWords } from '../../src/shell/words.ts'

test.each([
  ['get /a', ['get', '/a']],
  ['  ls   /my_test\t', ['ls', '/my_test']],
  ['create /a "hello world"', ['create', '/a', 'hello world']],
  ["create /a 'it is'", ['create', '/a', 'it is']],
  ['create /a ""', ['create', '/a', '']],
  ['create /a "it\'s"', ['create', '/a', "it's"]],
  ['create /q"x y" z', ['create', '/q"x', 'y"', 'z']],
  ["create /'q q' \"a b", ['create', "/'q", "q'", 'a', 'b']],
  ['set /a back\\slash', ['set', '/a', 'back\\slash']],
  ['set /a "', ['set', '/a']],
  ['', []],
  ['   ', []],
])('the words of %j are %j', (line, words) => {
  expect(splitWords(line)).toEqual(words)
})
