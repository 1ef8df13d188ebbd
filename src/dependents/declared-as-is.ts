// Declares a live object as it is, so that it can be recreated without a declaration of a manifest.

import type { DeclaredObject, LiveObject } from '../core/change.ts'
import { keyOf } from '../core/object.ts'
import type { RunDigests } from '../introspector/digests.ts'
import { noVariables } from '../kinds/facets/stanza.ts'
import { declaredKindOf } from '../kinds/registry.ts'
import type { Manifest } from '../manifest/manifest.ts'
import { normalizeExported } from '../manifest/yaml/from-export.ts'

/** Declares an object as an export would, so that a plan for the same database would not change it. */
export function declaredAsIs({ id, spec }: LiveObject, digests: RunDigests): DeclaredObject {
  const kind = declaredKindOf(id)
  const { path, value } = kind.write(id, spec, noVariables)
  const manifest = path.reduceRight(
    (part: unknown, name) => ({ [name]: part }),
    normalizeExported(value, path),
  ) as Manifest // `write` returns valid manifest stanzas
  const [declared] = kind.declare({ ...manifest, version: 1, name: '' }, digests)
  if (!declared) throw new Error(`the exported stanza of ${keyOf(id)} declares nothing`)
  return declared
}
