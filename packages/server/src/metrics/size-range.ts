/** Last, smallest and largest size in bytes that was seen; all -1 before the first. */
export class SizeRange {
  lastBytes: number = -1
  minBytes: number = -1
  maxBytes: number = -1

  record(sizeBytes: number): void {
    this.lastBytes = sizeBytes
    if (this.minBytes === -1 || sizeBytes < this.minBytes) this.minBytes = sizeBytes
    if (sizeBytes > this.maxBytes) this.maxBytes = sizeBytes
  }

  reset(): void {
    this.lastBytes = -1
    this.minBytes = -1
    this.maxBytes = -1
  }
}
