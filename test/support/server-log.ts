// The log of a target's server, with every statement of the target in it.

import { closeSync, openSync, readSync, statSync } from 'node:fs'
import type { Fixture } from './fixture.ts'

/**
 * Returns what the target's server logs from now on, every statement included. The log of a server that was only named by a URL
 * cannot be read.
 */
export async function logOf({ pair, target, sql }: Fixture): Promise<() => string> {
  const { logFile } = pair.target
  if (!logFile) return () => ''
  await sql(
    `ALTER DATABASE ${target.name} SET log_statement = 'all'; ALTER DATABASE ${target.name} SET log_min_duration_statement = 0`,
  )
  const start = statSync(logFile).size
  return () => {
    const news = Buffer.alloc(statSync(logFile).size - start)
    const file = openSync(logFile, 'r')
    readSync(file, news, 0, news.length, start)
    closeSync(file)
    return news.toString()
  }
}
