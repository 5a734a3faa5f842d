// What the preparer found out about the nodes of its transactions, for the one who applies them on the same server: where
// the nodes are, and the checksums and hashes that it computed. A transaction says everything without
// hints; with them nothing is looked for and summed a second time.
//
// There is one hint for each create, delete and setData, in the order of the transactions and of a multi's parts. Between preparing
// and applying, a node cannot go from its place unless a transaction between them deletes it, and the preparer has seen
// that. A place is compared with the path all the same before it is used: a wrong one costs a look-up.

/** Words of a hint: place, hash, content CRC. */
const HINT_WORDS = 3

export class ChangeHints {
  private words = new Int32Array(HINT_WORDS * 16)
  count = 0

  clear(): void {
    this.count = 0
  }

  /**
   * `place` is the tree's record of the node that is changed or deleted, or of the parent of the one that is created; 0 if the tree does
   * not have it yet. `hash` is that of a created node's path. `contentCrc` is the CRC-32 of path and data after the change; it is not
   * looked at for nodes that do not count in the digest, nor for deletions.
   */
  add(place: number, hash: number, contentCrc: number): void {
    const at = this.count * HINT_WORDS
    if (at === this.words.length) this.grow()
    const { words } = this
    words[at] = place
    words[at + 1] = hash
    words[at + 2] = contentCrc
    this.count++
  }

  addAll(hints: ChangeHints): void {
    for (let i = 0; i < hints.count; i++) this.add(hints.place(i), hints.hash(i), hints.contentCrc(i))
  }

  place(index: number): number {
    return this.words[index * HINT_WORDS] as number
  }

  hash(index: number): number {
    return this.words[index * HINT_WORDS + 1] as number
  }

  /** Signed, as records have it. */
  contentCrc(index: number): number {
    return this.words[index * HINT_WORDS + 2] as number
  }

  private grow(): void {
    const words = new Int32Array(this.words.length * 2)
    words.set(this.words)
    this.words = words
  }
}
