// Refuses the name of a manifest that was never applied to a database: it is misspelled, or the database is another one.

import { exitCode, FdwsyncError } from '../core/errors.ts'
import { didYouMean } from '../core/nearest.ts'
import type { Session } from '../db/session.ts'
import { readManifestNames } from '../ledger/manifest-names.ts'

/** Within the session's transaction. */
export async function requireKnownManifest(session: Session, name: string): Promise<void> {
  const known = await readManifestNames(session)
  if (known.includes(name)) return
  const message = `no manifest "${name}" was applied to database "${session.database}"${didYouMean(name, known)}`
  const hint = known.length === 0 ? 'No manifest was applied to it.' : `Manifests applied to it: ${known.join(', ')}.`
  throw new FdwsyncError({ code: 'usage/unknown-name', message, hint }, exitCode.usage)
}
