import { performance } from 'node:perf_hooks'
import { isDatabaseError } from '../db/database-error.ts'
import { runCommand } from './command-line.ts'
import type { Narrator } from './narrator.ts'
import { packageFolder } from './package-folder.ts'
import type { DatabaseName, Row, Stage } from './stage.ts'

/** What the scenes are played with. Whatever is done is shown, and whatever is said of it is verified. */
export interface Play {
  readonly stage: Stage
  readonly narrator: Narrator
  /** Runs `fdwsync` on the example. Another exit code than the expected one ends the demo. */
  fdwsync(command: string, expectedExitCode: number): Promise<void>
  /** Shows and runs SQL, with its rows. */
  sql(database: DatabaseName, text: string): Promise<readonly Row[]>
  /** Shows and runs SQL that must fail. */
  failingSql(database: DatabaseName, text: string): Promise<void>
}

const manifest = 'examples/shop/fdwsync.yaml'

export function playOn(stage: Stage, narrator: Narrator, signal: AbortSignal): Play {
  const cwd = packageFolder()
  return {
    stage,
    narrator,
    async fdwsync(command, expectedExitCode) {
      const line = `${command} -f ${manifest}`
      await narrator.typed('$', `fdwsync ${line}`)
      const code = await runCommand(line.split(' '), { cwd, env: stage.env, signal })
      verify(code === expectedExitCode, `fdwsync ${command} ends with exit code ${expectedExitCode}, not ${code}`)
    },
    async sql(database, text) {
      signal.throwIfAborted()
      await narrator.typed(`${database}=#`, text)
      const start = performance.now()
      const rows = await stage.query(database, text)
      if (rows.length > 0) await narrator.rows(rows, performance.now() - start)
      return rows
    },
    async failingSql(database, text) {
      signal.throwIfAborted()
      await narrator.typed(`${database}=#`, text)
      const error: unknown = await stage.query(database, text).then(
        () => undefined,
        (reason: unknown) => reason,
      )
      if (!isDatabaseError(error)) throw error ?? new Error(`this should have failed: ${text}`)
      await narrator.say(`ERROR:  ${error.message}`)
    },
  }
}

/** The demo claims nothing that it has not looked at. */
export function verify(holds: boolean, claim: string): void {
  if (!holds) throw new Error(`the demo expected something else: ${claim}`)
}
