// The changes of changes.yaml, one at a time, on top of base.yaml.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, parseDocument } from 'yaml'
import { connect } from '../servers/databases.ts'
import type { ServerPair } from '../servers/provided.ts'
import type { Environment } from '../support/fdwsync.ts'

export interface Change {
  readonly change: string
  readonly set?: Readonly<Record<string, unknown>>
  readonly unset?: readonly string[]
  /** The first major that has it. */
  readonly from?: number
  readonly touches: readonly string[]
  /** Where PostgreSQL 17 and later, or 18, keep more in their catalogs. */
  readonly from17?: readonly string[]
  readonly from18?: readonly string[]
  /** PostgreSQL has none: nothing comes after it. */
  readonly noWayBack?: true
  /** No other change can be tried at the same time. */
  readonly alone?: true
  /** Another change of the same attribute. */
  readonly otherwise?: Readonly<Record<string, unknown>>
}

export const text = (file: string): string => readFileSync(join(import.meta.dirname, file), 'utf8')

export const changes: readonly Change[] = parse(text('changes.yaml'))

/** What the references of base.yaml refer to. A manifest with a plain secret cannot be proven. */
export const environment: Environment = { PASSWORD: 'first' }

/** The manifest with the changes. */
export function changedBy(all: readonly Pick<Change, 'set' | 'unset'>[]): string {
  const document = parseDocument(text('base.yaml'))
  for (const { set = {}, unset = [] } of all) {
    for (const [path, value] of Object.entries(set)) document.setIn(path.split('.'), value)
    for (const path of unset) document.deleteIn(path.split('.'))
  }
  return document.toString()
}

/** Whether a server has it. */
export const isOn =
  ({ target }: ServerPair) =>
  ({ from = 0 }: Change): boolean =>
    target.major >= from

/** With more changes at once, one of them hides the cause of another. */
const largestGroup = 8

/** Groups of changes to be tried at once. */
export function groupsOf(
  all: readonly Change[],
  canBeTogether: (one: Change, other: Change) => boolean,
): readonly (readonly Change[])[] {
  const isAlone = ({ alone, noWayBack }: Change) => alone || noWayBack
  const groups: Change[][] = []
  for (const change of all) {
    const group = groups.find(
      (each) =>
        each.length < largestGroup &&
        each.every((other) => !isAlone(change) && !isAlone(other) && canBeTogether(change, other)),
    )
    if (group) group.push(change)
    else groups.push([change])
  }
  return groups
}

export function haveOtherAttributes(one: Change, other: Change): boolean {
  return pathsOf(one).every((path) =>
    pathsOf(other).every((place) => !`${path}.`.startsWith(`${place}.`) && !`${place}.`.startsWith(`${path}.`)),
  )
}

export function areOfOtherObjects(one: Change, other: Change): boolean {
  const objects = new Set(pathsOf(one).map(objectOf))
  return !pathsOf(other).some((path) => objects.has(objectOf(path)))
}

function pathsOf({ set = {}, unset = [], otherwise = {} }: Change): readonly string[] {
  return [...Object.keys(set), ...unset, ...Object.keys(otherwise)]
}

/** `servers.shop`, `schemas.proxy.foreign_tables.orders`, and `schemas.proxy` for the comment of that. */
function objectOf(path: string): string {
  const parts = path.split('.')
  const isInSchema = parts[0] === 'schemas' && parts.length > 3
  return parts.slice(0, isInSchema ? 4 : 2).join('.')
}

/** Creates what is not managed: parents of foreign tables. */
export async function prepare(url: string): Promise<void> {
  const client = await connect(url)
  await client.query(
    'CREATE TABLE public.days (id bigint) PARTITION BY RANGE (id); CREATE TABLE public.base (id bigint)',
  )
  await client.end()
}
