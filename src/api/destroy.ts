import type { ParsedManifest } from '../manifest/manifest.ts'
import type { Applied, ApplyRequest, Approve } from './apply.ts'
import { planAndApply } from './apply.ts'

export type DestroyRequest = Omit<ApplyRequest, 'parsed' | 'populate' | 'takeOver'> & {
  /** The name of the manifest. Its file is not needed: the ledger knows what it owns. */
  readonly manifest: string
}

/**
 * Drops everything that a manifest owns, as an apply of the manifest would that declares nothing any more: in order, never
 * with CASCADE, and what others use is given up rather than dropped. Approving it covers the loss of data.
 * @throws FdwsyncError if something that is not the manifest's depends on what would go
 */
export function destroy({ manifest, options, ...request }: DestroyRequest, approve: Approve): Promise<Applied> {
  return planAndApply(
    {
      ...request,
      parsed: withoutObjects(manifest),
      populate: false,
      options: { ...options, allow: [...options.allow, 'drops-data'] },
    },
    approve,
  )
}

function withoutObjects(name: string): ParsedManifest {
  const place = () => ({ file: '', line: 1, column: 1, excerpt: '' })
  const manifest = { version: 1, name } as const
  const none = { requests: [], secrets: [], warnings: [], isUnresolved: false, digest: undefined, written: manifest }
  return { manifest, place, placeInside: place, ...none }
}
