import { exportManifest } from '../../api/export.ts'
import { exitCode } from '../../core/errors.ts'
import { oneLine } from '../../render/text/layout.ts'
import { connectionOf, connectorFor } from '../environment.ts'

export interface ExportFlags {
  readonly server: readonly string[]
  readonly schema: readonly string[]
  readonly name?: string
  readonly database?: string
}

/** Writes a manifest of what a database has to standard output. */
export async function exportDatabase(flags: ExportFlags): Promise<number> {
  const session = await connectorFor(connectionOf(flags.database), [])('export')
  try {
    const { text, warnings } = await exportManifest(session, {
      servers: flags.server,
      schemas: flags.schema,
      name: flags.name,
    })
    process.stdout.write(text)
    for (const warning of warnings) process.stderr.write(`warning: ${oneLine(warning)}\n`)
    return exitCode.done
  } finally {
    await session.close()
  }
}
