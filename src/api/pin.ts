// Writes the lock of a manifest: what its imports and mirrors mean, as the sources have it now.

import { exitCode, FdwsyncError } from '../core/errors.ts'
import type { Session } from '../db/session.ts'
import { lockText } from '../exporter/lock-text.ts'
import { createRunDigests } from '../introspector/digests.ts'
import { type Resolution, resolutionsIn } from '../manifest/expansion/lock.ts'
import { hasOwnQuery } from '../manifest/expansion/mirrored-copy.ts'
import type { Manifest, ParsedManifest } from '../manifest/manifest.ts'
import type { SourceAccess } from '../sources/imports/ask-sources.ts'
import { resolveImports } from '../sources/imports/resolve-imports.ts'

/** What {@link pin} has resolved. */
export interface Pinned {
  /** The lock, as YAML. It stays the same until the sources or the requests change. */
  readonly text: string
  readonly tables: number
  readonly indexes: number
  /** What the lock leaves out, and why. */
  readonly warnings: readonly string[]
}

/**
 * Resolves the imports and mirrors of a manifest, and ignores its present lock. Changes nothing.
 * @throws FdwsyncError if a source could not be asked (`exitCode.undetermined`), since an incomplete lock is useless
 */
export async function pin(session: Session, parsed: ParsedManifest, sources: SourceAccess): Promise<Pinned> {
  if (parsed.requests.length === 0) {
    throw new FdwsyncError({
      code: 'usage/invalid-argument',
      message: 'nothing to pin: the manifest has no imports and no mirrors',
      hint: 'If there is a lock file beside it, remove that.',
    })
  }
  const { lock: _, ...asked } = parsed
  const resolved = await resolveImports(session, asked, createRunDigests(), sources)
  const { resolutions, undetermined, unanswered, warnings } = resolved
  if (unanswered.length > 0) throw new FdwsyncError(unanswered, exitCode.undetermined)
  return {
    text: lockText(
      parsed.manifest,
      resolutions.map((each) => withAllIndexes(parsed.manifest, each)),
    ),
    tables: resolutions.reduce((count, { tables }) => count + tables.size, 0),
    indexes: resolutions
      .flatMap(({ indexes }) => [...indexes.values()])
      .reduce((count, of) => count + Object.keys(of).length, 0),
    warnings: [
      ...undetermined.map(({ title, reason }) => `${title}: ${reason}`),
      ...warnings.map(({ message }) => message),
    ],
  }
}

/**
 * Adds an entry for each table whose indexes were requested, even if it has none. Tables with a query of their own get no entry.
 */
function withAllIndexes(manifest: Manifest, resolution: Resolution): Resolution {
  const { request, tables, indexes } = resolution
  if (!request.withIndexes) return resolution
  const asked = [...tables.keys()].filter((table) => !hasOwnQuery(manifest, request, table))
  return { ...resolution, indexes: new Map(asked.map((table) => [table, indexes.get(table) ?? {}])) }
}

/** The text of an existing lock, in the form that {@link pin} gives it. */
export function pinnedText(lock: ParsedManifest): string {
  return lockText(lock.manifest, resolutionsIn(lock))
}
