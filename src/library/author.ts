// Helps to write manifests: a first one, the lock of one, what it declares and how that hangs together.

import { graphOf } from '../api/graph.ts'
import {
  type Starter,
  type StarterOptions,
  type StarterSource,
  schemasToMirror as schemasOf,
  starterManifest as starter,
} from '../api/init.ts'
import { type Pinned, pinnedText, pin as pinOn } from '../api/pin.ts'
import type { KindName } from '../core/object.ts'
import { keyOf } from '../core/object.ts'
import type { ObjectGraph } from '../core/object-graph.ts'
import { createRunDigests } from '../introspector/digests.ts'
import { declaredKinds, kindNames, titleOf } from '../kinds/registry.ts'
import { hiddenIn, type ParsedManifest } from '../manifest/manifest.ts'
import { onSession } from './on-session.ts'
import type { CommandOptions } from './options.ts'
import { connectTo, settingsOf } from './target.ts'

export type { Pinned, Starter, StarterOptions, StarterSource }

/** The kinds of objects that a manifest can declare, and the parts of them. */
export const kinds: readonly KindName[] = kindNames

/** What reads what in a manifest, as far as that is known without a server. */
export function graph(manifest: ParsedManifest): Promise<ObjectGraph> {
  return graphOf(manifest)
}

/** Which of the objects with these keys a manifest declares, as titles: `foreign table proxy.orders`. */
export function declaredAmong({ manifest }: ParsedManifest, keys: readonly string[]): readonly string[] {
  const declared = declaredKinds.flatMap((kind) => kind.declare(manifest, createRunDigests()))
  return declared.flatMap(({ id }) => (keys.includes(keyOf(id)) ? [titleOf(id)] : []))
}

/** A first manifest, which mirrors schemas of a source. */
export function starterManifest(options: StarterOptions): Starter {
  return starter(options)
}

/** Looks at a source, for {@link starterManifest}: all its schemas with tables. The password is used to look, and not returned. */
export async function inspectSource(options: CommandOptions): Promise<StarterSource> {
  const { host, port, database, user } = settingsOf(options)
  const schemas = await onSession(undefined, options, 'init', schemasOf)
  return { host, port, database, user, schemas }
}

/** What {@link pin} takes. */
export interface PinningOptions extends CommandOptions {
  /** How long a source may take to answer. Default: 10,000 */
  readonly sourceTimeoutMilliseconds?: number
}

/**
 * Resolves the imports and mirrors of a manifest, for its lock. Changes nothing.
 * @throws FdwsyncError if a source could not be asked
 */
export function pin(manifest: ParsedManifest, options: PinningOptions): Promise<Pinned> {
  const connect = connectTo(options, hiddenIn(manifest))
  const sources = { connect, timeoutMilliseconds: options.sourceTimeoutMilliseconds ?? 10_000 }
  return onSession(manifest, options, 'pin', (session) => pinOn(session, manifest, sources))
}

/** The text of an existing lock, in the form that {@link pin} gives it. */
export function lockText(lock: ParsedManifest): string {
  return pinnedText(lock)
}
