// Helps to write manifests: a first manifest, the lock of a manifest, what it declares, and the graph of its objects.

import {
  type Starter,
  type StarterOptions,
  type StarterSource,
  schemasToMirror as schemasOf,
  starterManifest,
} from '../api/init.ts'
import { type Pinned, pin as pinOn } from '../api/pin.ts'
import { idOf, isCopyId, type Key, type KindName, keyOf, type ObjectId } from '../core/object.ts'
import { createRunDigests } from '../introspector/digests.ts'
import { declaredKinds, kindNames, titleOf } from '../kinds/registry.ts'
import { hiddenIn, type ParsedManifest } from '../manifest/manifest.ts'
import { onSession } from './on-session.ts'
import { type CommandOptions, type SourceOptions, sourceTimeoutOf } from './options.ts'
import { connectTo, settingsOf } from './target.ts'

export { graph } from '../api/graph.ts'
export { pinnedText as lockText } from '../api/pin.ts'
export { type Pinned, type Starter, type StarterOptions, type StarterSource, starterManifest }

/** The kinds of objects that a manifest can declare, and the parts of them. */
export const kinds: readonly KindName[] = kindNames

/** The titles of those objects among the keys that a manifest declares or may import, such as `foreign table proxy.orders`. */
export function declaredAmong(parsed: ParsedManifest, keys: readonly Key[]): readonly string[] {
  const declared = new Set(
    declaredKinds.flatMap((kind) => kind.declare(parsed.manifest, createRunDigests())).map(({ id }) => keyOf(id)),
  )
  return keys.flatMap((key) => {
    const id = idOf(key)
    return id && (declared.has(key) || mayBeImported(parsed, id)) ? [titleOf(id)] : []
  })
}

/** Whether a mirror or an import may create a table of that name in that schema. */
function mayBeImported({ manifest, requests }: ParsedManifest, id: ObjectId): boolean {
  if (id.kind !== 'foreignTable' && !isCopyId(id)) return false
  return requests.some(({ path: [of, name = ''], schema, limitTo, except }) => {
    const copies = of === 'mirrors' ? manifest.mirrors?.[name]?.schema : undefined
    const isWithin = id.schema === (id.kind === 'foreignTable' ? schema : copies)
    return isWithin && (limitTo?.includes(id.name) ?? true) && !except.includes(id.name)
  })
}

/**
 * Reads from a source what {@link starterManifest} needs: all its schemas with tables. The result does not contain the password.
 */
export async function inspectSource(options: CommandOptions): Promise<StarterSource> {
  const { host, port, database, user } = settingsOf(options)
  const schemas = await onSession(undefined, options, 'init', schemasOf)
  return { host, port, database, user, schemas }
}

/** The options of {@link pin}. */
export type PinningOptions = SourceOptions

/**
 * Resolves the imports and mirrors of a manifest, for its lock. Changes nothing.
 * @throws FdwsyncError if a source could not be asked
 */
export function pin(manifest: ParsedManifest, options: PinningOptions): Promise<Pinned> {
  const connect = connectTo(options, hiddenIn(manifest))
  const sources = { connect, timeoutMilliseconds: sourceTimeoutOf(options) }
  return onSession(manifest, options, 'pin', (session) => pinOn(session, manifest, sources))
}
