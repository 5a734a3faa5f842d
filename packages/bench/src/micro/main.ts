/** `npm run bench:micro [REGEX]`: the hot pieces alone, without sockets and disk. */
import { run } from 'mitata'
import { checksumBenchmarks } from './checksums.ts'
import { codecBenchmarks } from './codec.ts'
import { generatorBenchmarks } from './generator.ts'
import { sessionBenchmarks } from './sessions.ts'
import { treeBenchmarks } from './tree.ts'

codecBenchmarks()
checksumBenchmarks()
treeBenchmarks()
sessionBenchmarks()
generatorBenchmarks()

const pattern = process.argv[2]
await run(pattern === undefined ? {} : { filter: new RegExp(pattern, 'i') })
