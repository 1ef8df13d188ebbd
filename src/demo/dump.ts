// Copies a database into another one by pg_dump and pg_restore, where these are installed.

import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Where programs of several versions are installed beside each other. */
const versions = '/usr/lib/postgresql'

/**
 * The folder of a pg_dump that can read servers of this major: of the same or a newer one. An empty folder is PATH.
 * @param bin the folder of the server's programs
 */
export async function findDump({
  major,
  bin,
}: {
  readonly major: number
  readonly bin: string
}): Promise<string | undefined> {
  for (const folder of [bin, '', ...installed()]) {
    if ((await majorOf(join(folder, 'pg_dump'))) >= major && (await majorOf(join(folder, 'pg_restore'))) >= major)
      return folder
  }
  return undefined
}

function installed(): readonly string[] {
  try {
    return readdirSync(versions).map((version) => join(versions, version, 'bin'))
  } catch {
    return []
  }
}

async function majorOf(program: string): Promise<number> {
  try {
    const { stdout } = await run(program, ['--version'])
    return Number(/ (\d+)/.exec(stdout)?.[1] ?? 0)
  } catch {
    return 0
  }
}

/** `pg_dump -Fc from | pg_restore -d to`. */
export async function copyByDump(folder: string, from: string, to: string): Promise<void> {
  const dump = spawn(join(folder, 'pg_dump'), ['-Fc', from], { stdio: ['ignore', 'pipe', 'inherit'] })
  const restore = spawn(join(folder, 'pg_restore'), ['--exit-on-error', '-d', to], {
    stdio: ['pipe', 'inherit', 'inherit'],
  })
  dump.stdout.pipe(restore.stdin)
  const codes = await Promise.all([dump, restore].map(async (program) => (await once(program, 'exit'))[0]))
  if (codes.some((code) => code !== 0)) throw new Error(`pg_dump and pg_restore ended with ${codes.join(' and ')}`)
}
