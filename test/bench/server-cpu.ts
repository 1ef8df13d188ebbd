import { readFileSync } from 'node:fs'

/** The CPU seconds that a server has used so far, with those of the backends that have ended. Linux only; 0 elsewhere. */
export function serverCpuSeconds(postmaster: number): number {
  try {
    const children = readFileSync(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8').trim().split(/\s+/)
    const own = ticks(String(postmaster)).slice(0, 4)
    const running = children.flatMap((pid) => (pid === '' ? [] : ticks(pid).slice(0, 2)))
    return [...own, ...running].reduce((sum, each) => sum + each, 0) / 100
  } catch {
    return 0
  }
}

/** utime, stime, cutime, cstime. A process that has just ended counts through its parent. */
function ticks(pid: string): readonly number[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 15)
      .map(Number)
  } catch {
    return [0, 0, 0, 0]
  }
}
