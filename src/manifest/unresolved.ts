// Objects whose declarations have references that could not be resolved: they are not compared, and not used.

import type { DeclaredObject } from '../core/change.ts'
import type { Problem } from '../core/errors.ts'
import { type Key, keyOf } from '../core/object.ts'
import type { Manifest, ParsedManifest, Path } from './manifest.ts'

type Unresolved = Pick<ParsedManifest, 'unresolved'>

/** The objects, each with its unresolved reference. A reference in a user mapping does not count for its server. */
export function unresolvedObjects(
  declared: readonly DeclaredObject[],
  { unresolved }: Unresolved,
): ReadonlyMap<Key, Problem> {
  const objects = new Map<Key, Problem>()
  for (const { path, problem } of unresolved) {
    const around = declared.filter((object) => isBelow(path, object.path))
    const [object] = around.toSorted((left, right) => right.path.length - left.path.length)
    if (object && !objects.has(keyOf(object.id))) objects.set(keyOf(object.id), problem)
  }
  return objects
}

function isBelow(path: Path, parent: Path): boolean {
  return parent.every((step, at) => step === path[at])
}

/** The manifest without such servers and user mappings, so that sources are asked through the existing ones. */
export function withoutUnresolvedServers({
  manifest,
  unresolved,
}: Unresolved & Pick<ParsedManifest, 'manifest'>): Manifest {
  if (unresolved.length === 0) return manifest
  const isOpen = (path: Path) => unresolved.some((value) => isBelow(value.path, path))
  const servers = Object.entries(manifest.servers ?? {}).flatMap(([name, server]) => {
    const { user_mappings = {}, ...own } = server
    if (Object.keys(own).some((key) => isOpen(['servers', name, key]))) return []
    const mappings = Object.entries(user_mappings).filter(([role]) => !isOpen(['servers', name, 'user_mappings', role]))
    return [[name, { ...own, user_mappings: Object.fromEntries(mappings) }] as const]
  })
  return { ...manifest, servers: Object.fromEntries(servers) }
}
