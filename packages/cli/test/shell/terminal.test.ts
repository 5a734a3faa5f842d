import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { InteractiveTerminal } from '../../src/shell/terminal.ts'
import { FakeSurroundings } from '../fake-surroundings.ts'
import { Screen } from './screen.ts'

// The editor does without editing on terminals that cannot move the cursor.
beforeEach(() => vi.stubEnv('TERM', 'xterm'))
afterEach(() => vi.unstubAllEnvs())

/** A person at a terminal, and what that person sees. */
class Person {
  prompt = '[zk: h(CONNECTED) 0] '
  interrupts = 0
  readonly terminal: InteractiveTerminal
  readonly #input = new PassThrough()
  readonly #screen: Screen

  constructor(columns = 40) {
    this.#screen = new Screen(columns)
    const output = Object.assign(new PassThrough(), { columns, rows: 24, isTTY: true })
    output.on('data', (bytes: Buffer) => this.#screen.write(bytes.toString('utf8')))
    this.terminal = new InteractiveTerminal(
      {
        surroundings: new FakeSurroundings(),
        prompt: () => this.prompt,
        complete: async (line) => (line === 'ge' ? [['get'], 'ge'] : [[], line]),
        onInterrupt: () => this.interrupts++,
      },
      { input: this.#input, output, isErrorHere: true },
    )
  }

  async types(text: string): Promise<void> {
    this.#input.write(text)
    await settle()
  }

  async sees(): Promise<string> {
    await settle()
    return this.#screen.text
  }
}

/** Lets the streams and the editor do what they have to. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}

test('A158: the prompt stands in front of the line, which is handed over when it is entered', async () => {
  const person = new Person()
  const line = person.terminal.nextLine()
  await person.types('ls /')
  expect(await person.sees()).toBe('[zk: h(CONNECTED) 0] ls /')
  await person.types('\r')
  expect(await line).toBe('ls /')
  person.terminal.close()
})

test('an event goes above the line that is being typed and leaves it whole', async () => {
  const person = new Person()
  const line = person.terminal.nextLine()
  await person.types('create /a')
  person.terminal.out('\nWATCHER::\n\nWatchedEvent x\n')
  expect(await person.sees()).toBe('\nWATCHER::\n\nWatchedEvent x\n[zk: h(CONNECTED) 0] create /a')
  await person.types('b\r')
  expect(await line).toBe('create /ab')
  person.terminal.close()
})

test('so it does when the line is longer than a row of the screen, and the cursor stands within it', async () => {
  const person = new Person()
  const line = person.terminal.nextLine()
  await person.types('create /a-rather-long-name some-data-behind-it')
  await person.types('\u001b[D\u001b[D')
  person.terminal.out('event one\n')
  person.terminal.error('event two\n')
  expect(await person.sees()).toBe(
    ['event one', 'event two', '[zk: h(CONNECTED) 0] create /a-rather-lo', 'ng-name some-data-behind-it'].join('\n'),
  )
  await person.types('!')
  await person.types('\r')
  expect(await line).toBe('create /a-rather-long-name some-data-behind-!it')
  person.terminal.close()
})

test('what is typed while a command runs is kept, and what the command prints does not tear it', async () => {
  const person = new Person()
  const first = person.terminal.nextLine()
  await person.types('ls /\r')
  await first
  await person.types('get')
  person.terminal.out('[zookeeper]\n')
  expect(await person.sees()).toBe('[zk: h(CONNECTED) 0] ls /\n[zookeeper]\nget')
  person.prompt = '[zk: h(CONNECTED) 1] '
  const second = person.terminal.nextLine()
  expect(await person.sees()).toBe('[zk: h(CONNECTED) 0] ls /\n[zookeeper]\n[zk: h(CONNECTED) 1] get')
  await person.types(' /\r')
  expect(await second).toBe('get /')
  person.terminal.close()
})

test('lines that are pasted together are handed over one after the other', async () => {
  const person = new Person()
  const first = person.terminal.nextLine()
  await person.types('ls /\rget /a\r')
  expect(await first).toBe('ls /')
  expect(await person.terminal.nextLine()).toBe('get /a')
  person.terminal.close()
})

test('A174: the prompt follows the state of the session while it stands there', async () => {
  const person = new Person()
  void person.terminal.nextLine()
  await person.types('ls')
  person.prompt = '[zk: h(CLOSED) 0] '
  person.terminal.refreshPrompt()
  expect(await person.sees()).toBe('[zk: h(CLOSED) 0] ls')
  person.terminal.close()
})

test('an arrow brings the last line back', async () => {
  const person = new Person()
  const first = person.terminal.nextLine()
  await person.types('ls /\r')
  await first
  const second = person.terminal.nextLine()
  await person.types('\u001b[A\r')
  expect(await second).toBe('ls /')
  person.terminal.close()
})

test('Tab completes', async () => {
  const person = new Person()
  const line = person.terminal.nextLine()
  await person.types('ge')
  await person.types('\t')
  await person.types('\r')
  expect(await line).toBe('get')
  person.terminal.close()
})

test('Ctrl-C takes back a command that runs, else the typed line, and twice on an empty line it ends the shell', async () => {
  const person = new Person(80)
  const first = person.terminal.nextLine()
  await person.types('sync /\r')
  await first
  await person.types('\u0003')
  expect(person.interrupts).toBe(1)

  const second = person.terminal.nextLine()
  await person.types('delete /important')
  await person.types('\u0003')
  await person.types('\u0003')
  expect(await person.sees()).toContain('quit or Ctrl-D ends the shell; so does Ctrl-C once more\n[zk: h(CONNECTED) 0]')
  await person.types('\u0003')
  expect(await second).toBeNull()
  expect(person.interrupts).toBe(1)
})

test('Ctrl-D ends the input', async () => {
  const person = new Person()
  const line = person.terminal.nextLine()
  await person.types('\u0004')
  expect(await line).toBeNull()
  person.terminal.out('bye\n')
  expect(await person.sees()).toBe('[zk: h(CONNECTED) 0]\nbye')
})
