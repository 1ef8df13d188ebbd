// Decides which checks and defaults of a source's types are taken over, and what to do about the others.

import type { Warning } from '../../core/plan.ts'
import { ident, type Statement } from '../../core/sql.ts'
import type { Session } from '../../db/session.ts'
import { describeCode } from '../../introspector/evaluation/evaluated-code.ts'
import { readEvaluatingCode, runByStatements } from '../../introspector/evaluation/evaluation.ts'
import { record } from '../../kinds/facets/options.ts'
import type { TypeSpec } from '../../kinds/type/type.ts'
import { parseExpression, rejections } from '../built-in-expressions.ts'
import { typeStanza } from '../imports/stanzas.ts'
import type { RemoteType } from './remote-types.ts'

/** The name of a check, or null for the default. */
type Part = string | null

export interface OmittedPart {
  readonly part: Part
  readonly reason: string
}

/** The parts that are omitted because of their text alone, by type. Runs under `readingPath`. */
export async function partsToOmit(
  session: Session,
  types: readonly RemoteType[],
): Promise<ReadonlyMap<RemoteType, readonly OmittedPart[]>> {
  const partsOf = ({ spec }: RemoteType): readonly (readonly [part: Part, text: string])[] =>
    spec === undefined
      ? []
      : [
          ...(spec.default === null ? [] : [[null, spec.default] as const]),
          ...Object.entries(spec.checks).map(([name, { expression }]) => [name, expression] as const),
        ]
  const parts = types.flatMap((type) => partsOf(type).map(([part, text]) => ({ type, part, text })))
  if (parts.length === 0) return new Map()
  const candidates = await Promise.all(
    parts.map(async ({ text }) => ({ tree: await parseExpression(text), isSimplified: false })),
  )
  const reasons = await rejections(session, candidates)
  const omitted = new Map<RemoteType, OmittedPart[]>()
  for (const [at, { type, part }] of parts.entries()) {
    const reason = reasons[at]
    if (reason !== undefined) omitted.set(type, [...(omitted.get(type) ?? []), { part, reason }])
  }
  return omitted
}

/** The parts with literals that run user-defined code when they are read. */
export async function evaluatedParts(
  session: Session,
  spec: TypeSpec,
  create: (spec: TypeSpec) => readonly Statement[],
): Promise<readonly OmittedPart[]> {
  const code = await readEvaluatingCode(session)
  if (!code.types) return []
  const parts: readonly Part[] = [...(spec.default === null ? [] : [null]), ...Object.keys(spec.checks)]
  const omitted: OmittedPart[] = []
  for (const part of parts) {
    const others = parts.filter((other) => other !== part).map((other) => ({ part: other, reason: '' }))
    const run = await runByStatements(session, code, create(withoutParts(spec, others)))
    if (run.length > 0) omitted.push({ part, reason: `reading it runs ${describeCode(run)}` })
  }
  return omitted
}

export function withoutParts(spec: TypeSpec, omitted: readonly OmittedPart[]): TypeSpec {
  const isOmitted = (part: Part) => omitted.some((each) => each.part === part)
  return {
    ...spec,
    default: isOmitted(null) ? null : spec.default,
    checks: record(Object.entries(spec.checks).filter(([name]) => !isOmitted(name))),
  }
}

export function omissionWarning({ schema, name, title, spec }: RemoteType, { part, reason }: OmittedPart): Warning {
  const what = part === null ? 'its default' : `its check ${ident(part)}`
  const stanza = spec && JSON.stringify({ [name]: typeStanza(schema, name, spec) })
  return {
    code: 'source/type',
    message: `type ${title} of the source: ${what} is not copied, because ${reason}. To have it, declare the type below "types" of schema ${ident(schema)}: ${stanza}`,
  }
}
