/** Something that will happen. */
export interface ScheduledEvent {
  /** Virtual milliseconds since the beginning of the world. */
  readonly dueMs: number
  /** Orders events that are due at the same moment: first scheduled, first served. */
  readonly sequence: number
  /** What happens; null when it was cancelled. */
  action: (() => void) | null
}

/** Events by time: a binary heap whose order is total, so that a run depends on nothing but what was scheduled. */
export class EventQueue {
  private readonly heap: ScheduledEvent[] = []
  private sequence = 0

  /** Number of events, cancelled ones that still lie here included. */
  get size(): number {
    return this.heap.length
  }

  add(dueMs: number, action: () => void): ScheduledEvent {
    const event: ScheduledEvent = { dueMs, sequence: this.sequence++, action }
    this.heap.push(event)
    this.rise(this.heap.length - 1)
    return event
  }

  /** The event that is next, without taking it; cancelled ones are dropped. Null if there is none. */
  peek(): ScheduledEvent | null {
    for (;;) {
      const first = this.heap[0]
      if (first === undefined) return null
      if (first.action !== null) return first
      this.removeFirst()
    }
  }

  /** Takes the event that is next. */
  take(): ScheduledEvent | null {
    const first = this.peek()
    if (first !== null) this.removeFirst()
    return first
  }

  private removeFirst(): void {
    const last = this.heap.pop() as ScheduledEvent
    if (this.heap.length === 0) return
    this.heap[0] = last
    this.sink(0)
  }

  private rise(from: number): void {
    const { heap } = this
    let at = from
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(heap[at] as ScheduledEvent, heap[parent] as ScheduledEvent)) return
      this.swap(at, parent)
      at = parent
    }
  }

  private sink(from: number): void {
    const { heap } = this
    let at = from
    for (;;) {
      let least = at
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < heap.length && isBefore(heap[child] as ScheduledEvent, heap[least] as ScheduledEvent)) least = child
      }
      if (least === at) return
      this.swap(at, least)
      at = least
    }
  }

  private swap(one: number, other: number): void {
    const event = this.heap[one] as ScheduledEvent
    this.heap[one] = this.heap[other] as ScheduledEvent
    this.heap[other] = event
  }
}

function isBefore(one: ScheduledEvent, other: ScheduledEvent): boolean {
  return one.dueMs < other.dueMs || (one.dueMs === other.dueMs && one.sequence < other.sequence)
}
