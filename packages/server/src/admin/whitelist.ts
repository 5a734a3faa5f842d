/** Always allowed: status scripts depend on it. */
const ALWAYS_ALLOWED = 'srvr'

/** Allowed without being listed if the server may serve read-only: clients look for such a server with it. */
const ALLOWED_IN_READ_ONLY_MODE = 'isro'

/** Which four-letter words are answered: the setting `4lw.commands.whitelist`, read once. */
export class Whitelist {
  readonly #isEverythingAllowed: boolean
  readonly #names: ReadonlySet<string>

  /** The value of the setting, a list with commas or `*`; null if it is not set. Unknown words in the list do no harm. */
  constructor(setting: string | null, isReadOnlyModeEnabled: boolean) {
    const listed = (setting ?? '').split(',').map((name) => name.trim())
    const names = listed.filter((name) => name !== '')
    this.#isEverythingAllowed = names.includes('*')
    this.#names = new Set([...names, ALWAYS_ALLOWED, ...(isReadOnlyModeEnabled ? [ALLOWED_IN_READ_ONLY_MODE] : [])])
  }

  allows(name: string): boolean {
    return this.#isEverythingAllowed || this.#names.has(name)
  }

  /** What a client reads that sent a word which is not allowed. */
  refusalText(name: string): string {
    return `${name} is not executed because it is not in the whitelist.\n`
  }
}
