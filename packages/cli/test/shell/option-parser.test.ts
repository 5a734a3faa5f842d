import { expect, test } from 'vitest'
import { type OptionSpec, parseOptions } from '../../src/shell/option-parser.ts'
import { ShellError } from '../../src/shell/shell-error.ts'

const specs: readonly OptionSpec[] = [
  { name: 's', help: '' },
  { name: 'e', help: '' },
  { name: 'v', value: 'version', help: '' },
  { name: 'add', value: 'servers', help: '' },
  { name: 'n', value: 'val', help: '', group: 'limit' },
  { name: 'b', value: 'val', help: '', group: 'limit' },
]

function parse(line: string): { readonly words: readonly string[]; readonly options: Record<string, string> } {
  const { words, options } = parseOptions(line.split(' '), specs)
  return { words, options: Object.fromEntries(options) }
}

test.each([
  ['/a -s', ['/a'], { s: '' }],
  ['-se /a', ['/a'], { s: '', e: '' }],
  ['-s /a -e data', ['/a', 'data'], { s: '', e: '' }],
  ['-v 3 /a', ['/a'], { v: '3' }],
  ['-v3 /a', ['/a'], { v: '3' }],
  ['-v=3 /a', ['/a'], { v: '3' }],
  ['-sv 3 /a', ['/a'], { s: '', v: '3' }],
  ['-v -1 /a', ['/a'], { v: '-1' }],
  ['-add 1=h:1:2;3 -s', [], { add: '1=h:1:2;3', s: '' }],
  ['-add=1=h -s', [], { add: '1=h', s: '' }],
  ['-v 1 -v 2', [], { v: '1' }],
  ['-- /b -5', ['/b', '-5'], {}],
  ['/a -', ['/a', '-'], {}],
])('%s gives the words %j and the options %j', (line, words, options) => {
  expect(parse(line)).toEqual({ words, options })
})

test.each([
  ['/a -z', 'org.apache.commons.cli.UnrecognizedOptionException: Unrecognized option: -z'],
  ['/a -5', 'org.apache.commons.cli.UnrecognizedOptionException: Unrecognized option: -5'],
  ['/a -sz', 'org.apache.commons.cli.UnrecognizedOptionException: Unrecognized option: -sz'],
  ['/a -v', 'org.apache.commons.cli.MissingArgumentException: Missing argument for option: v'],
  ['-v -s', 'org.apache.commons.cli.MissingArgumentException: Missing argument for option: v'],
  [
    '-n 5 -b 4 /a',
    "org.apache.commons.cli.AlreadySelectedException: The option 'b' was specified but an option from this group has already been selected: 'n'",
  ],
])('%s is refused as %s', (line, message) => {
  expect(() => parse(line)).toThrow(new ShellError(message))
})
