// Manifests of which only the name is known. A name that was never applied to the database is refused: it is misspelled, or this is
// the wrong database.

import { exitCode, FdwsyncError } from '../core/errors.ts'
import { didYouMean } from '../core/nearest.ts'
import type { Connect } from '../db/connect.ts'
import type { Session } from '../db/session.ts'
import { inReadOnlyTransaction } from '../introspector/transaction-settings.ts'
import { readManifestNames } from '../ledger/manifest-names.ts'
import type { ParsedManifest } from '../manifest/manifest.ts'

/** Within the session's transaction. */
export async function requireKnownManifest(session: Session, name: string): Promise<void> {
  const known = await readManifestNames(session)
  if (known.includes(name)) return
  const message = `no manifest "${name}" was applied to database "${session.database}"${didYouMean(name, known)}`
  const hint = known.length === 0 ? 'No manifest was applied to it.' : `Manifests applied to it: ${known.join(', ')}.`
  throw new FdwsyncError({ code: 'usage/unknown-name', message, hint }, exitCode.usage)
}

/** @throws FdwsyncError if no manifest of that name was applied */
export async function requireKnown(connect: Connect, manifest: string): Promise<void> {
  const session = await connect('manifests')
  try {
    await inReadOnlyTransaction(session, () => requireKnownManifest(session, manifest))
  } finally {
    await session.close()
  }
}

/** A manifest that declares nothing. */
export function withoutObjects(name: string): ParsedManifest {
  const place = () => ({ file: '', line: 1, column: 1, excerpt: '' })
  const manifest = { version: 1, name } as const
  const none = {
    requests: [],
    secrets: [],
    references: [],
    variables: [],
    optionProblems: [],
    warnings: [],
    isUnresolved: false,
    unresolved: [],
    digest: undefined,
    written: manifest,
    withReferences: undefined,
  }
  return { manifest, place, placeInside: place, ...none }
}
