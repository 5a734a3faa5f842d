import { defineWord, type Word } from '../word.ts'

/** Clears the counters of each connection: `Connection stats reset.` */
export const crst: Word = defineWord('crst', 'clears the counters of all connections', (view) => {
  view.resetConnectionStats()
  return 'Connection stats reset.\n'
})

/** Clears latency, packet counters and sizes of replies and proposals: `Server stats reset.` */
export const srst: Word = defineWord('srst', 'clears latency, packet counters and sizes of replies', (view) => {
  view.metrics.resetServerStats()
  return 'Server stats reset.\n'
})
