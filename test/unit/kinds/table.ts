// The form of the tables in this folder, one for each kind. The types demand a row for every field of the kind's spec.
import type { ObjectId } from '../../../src/core/object.ts'
import type { AnyKind } from '../../../src/kinds/kind.ts'

/**
 * What `compare` reports if nothing differs but these fields, as `field: from → to`, and what it takes: the SQL that
 * `alter` gives, `replace` or `populate`.
 */
export type Row<Spec> = readonly [
  from: Partial<Spec>,
  to: Partial<Spec>,
  changes: string | readonly string[],
  effect: string,
  context?: { readonly declared?: Partial<Spec>; readonly last?: Partial<Spec> },
]

/** For rows of what is never a difference; the effect gives the reason. */
export const nothing: readonly string[] = []

/** At least one row for every field. */
export type Rows<Spec> = { readonly [Field in keyof Required<Spec>]: readonly [Row<Spec>, ...Row<Spec>[]] }

export interface KindTable<Spec> {
  readonly kind: AnyKind
  readonly id: ObjectId
  /** A live object. The rows change single fields of it. */
  readonly spec: Spec
  readonly compare: Rows<Spec>
  /** Several changes in one ALTER, and what else concerns more than one field. */
  readonly together?: readonly Row<Spec>[]
  /** Attributes that a manifest may leave open. */
  readonly settle: {
    readonly [Field in keyof Spec]?: readonly [declared: Spec[Field], live: Spec[Field], standard: unknown]
  }
  readonly settleRows?: readonly (readonly [
    title: string,
    wanted: Partial<Spec>,
    last: Partial<Spec> | undefined,
    live: Partial<Spec> | undefined,
    settled: Partial<Spec>,
  ])[]
  readonly roundTrips?: RoundTrips<Spec>
}

export interface RoundTrips<Spec> {
  /** The definition of the stanza in the manifest's JSON Schema. Each of its keys must occur in one of the stanzas… */
  readonly definition: string
  /** … except those that `write` does not give, with the reason. */
  readonly unwritten: Readonly<Record<string, string>>
  /** The manifest around the stanza. */
  readonly manifest?: object
  /** Stanzas that `declare` reads and `write` gives again, with what only the catalog adds to their spec. */
  readonly stanzas: readonly (readonly [stanza: object, live?: Partial<Spec>])[]
}

/** Rows of a part of a spec, a column for instance, as rows of the spec. */
export function within<Part, Spec>(
  rows: Partial<Rows<Part>>,
  whole: (part: Partial<Part>) => Partial<Spec>,
): readonly Row<Spec>[] {
  const all = Object.values<readonly Row<Part>[] | undefined>(rows).flatMap((each) => each ?? [])
  return all.map(([from, to, changes, effect, context]): Row<Spec> => {
    if (!context) return [whole(from), whole(to), changes, effect]
    const { declared, last } = context
    return [
      whole(from),
      whole(to),
      changes,
      effect,
      { ...(declared && { declared: whole(declared) }), ...(last && { last: whole(last) }) },
    ]
  })
}
