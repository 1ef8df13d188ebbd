// What the chapters of the demo work with: each command and statement is shown, run, and its result verified.

import { performance } from 'node:perf_hooks'
import { isDatabaseError } from '../db/database-error.ts'
import { runCommand } from './command-line.ts'
import type { DatabaseName, DemoDatabases, Row } from './databases.ts'
import type { Narrator } from './narrator.ts'
import { packageFolder } from './package-folder.ts'

/** Where a command runs, if not with the example alone on the target. */
export interface DemoTarget {
  readonly database: DatabaseName
  /** An overlay of the example. */
  readonly overlay: string
}

export interface DemoContext {
  readonly databases: DemoDatabases
  readonly narrator: Narrator
  /** Runs `fdwsync` on the example. Any exit code but the expected one ends the demo. */
  fdwsync(command: string, expectedExitCode: number, on?: DemoTarget): Promise<void>
  /** Shows and runs SQL, and prints the rows. */
  sql(database: DatabaseName, text: string): Promise<readonly Row[]>
  /** Shows and runs SQL that must fail, and prints the error. */
  failingSql(database: DatabaseName, text: string): Promise<void>
}

const manifest = 'examples/shop/fdwsync.yaml'

export function createContext(databases: DemoDatabases, narrator: Narrator, signal: AbortSignal): DemoContext {
  const cwd = packageFolder()
  return {
    databases,
    narrator,
    async fdwsync(command, expectedExitCode, on) {
      const line = `${command} -f ${manifest}${on ? ` -f ${on.overlay}` : ''}`
      await narrator.command('$', `fdwsync ${line}`)
      const code = await runCommand(line.split(' '), { cwd, env: databases.envOf(on?.database ?? 'analytics'), signal })
      verify(code === expectedExitCode, `fdwsync ${command} exits with ${expectedExitCode}, not ${code}`)
    },
    async sql(database, text) {
      signal.throwIfAborted()
      await narrator.command(`${database}=#`, text)
      const start = performance.now()
      const rows = await databases.query(database, text)
      if (rows.length > 0) await narrator.rows(rows, performance.now() - start)
      return rows
    },
    async failingSql(database, text) {
      signal.throwIfAborted()
      await narrator.command(`${database}=#`, text)
      const error: unknown = await databases.query(database, text).then(
        () => undefined,
        (reason: unknown) => reason,
      )
      if (!isDatabaseError(error)) throw error ?? new Error(`this should have failed: ${text}`)
      await narrator.print(`ERROR:  ${error.message}`)
    },
  }
}

/** Ends the demo if something that it claims does not hold. */
export function verify(holds: boolean, claim: string): void {
  if (!holds) throw new Error(`the demo expected something else: ${claim}`)
}
