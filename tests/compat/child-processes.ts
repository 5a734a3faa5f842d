/** Children that must not outlive this process, however it ends. */
import type { ChildProcess } from 'node:child_process'

const running = new Set<ChildProcess>()

process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export function killWithThisProcess(child: ChildProcess): void {
  running.add(child)
  child.once('close', () => running.delete(child))
}
