// Drops everything that a manifest owns.

import type { Applied, ApplyRequest, Approve } from './apply.ts'
import { planAndApply } from './apply.ts'
import { requireKnown, withoutObjects } from './known-manifest.ts'

export type DestroyRequest = Omit<ApplyRequest, 'parsed' | 'populate' | 'takeOver'> & {
  /** The name of the manifest. Its file is not needed, since the ledger has what it owns. */
  readonly manifest: string
  /** Whether the ledger must know the manifest, so that a misspelled name is an error. */
  readonly mustExist?: boolean
}

/**
 * Does what an apply of an empty manifest of that name would do: drops in order, never with CASCADE, and releases shared objects
 * that are still in use. Approval covers the loss of data.
 * @throws FdwsyncError if an object of another manifest, or an unmanaged one, depends on what would be dropped
 */
export async function destroy(
  { manifest, mustExist, options, ...request }: DestroyRequest,
  approve: Approve,
): Promise<Applied> {
  if (mustExist) await requireKnown(request.connect, manifest)
  return planAndApply(
    {
      ...request,
      parsed: withoutObjects(manifest),
      populate: false,
      options: { ...options, allow: [...options.allow, 'drops-data', 'drops-dependents'] },
    },
    approve,
  )
}
