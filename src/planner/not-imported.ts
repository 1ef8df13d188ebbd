// Errors of objects that only repeat that a relation or type could not be imported.

import type { ProbeFinding } from '../core/finding.ts'
import { idOf } from '../core/object.ts'
import { importTitle } from '../manifest/expansion/imports.ts'
import { mirrorOf } from '../manifest/expansion/mirrored-copy.ts'
import type { ImportRequest } from '../manifest/manifest.ts'
import type { PlanContext } from './context.ts'

type Context = Pick<PlanContext, 'resolved' | 'searchPath'>

const unknownName = /^(relation|type) "(.+?)(?:\[\])*" does not exist/

/** What may have some names: those of a schema that `mayHave` accepts. */
interface NotImported {
  readonly what: 'relation' | 'type'
  readonly title: string
  readonly schemas: readonly string[]
  readonly mayHave: (name: string) => boolean
}

/** Turns these errors into findings that follow from what was not imported, which the plan reports. */
export function followImports(context: Context, findings: readonly ProbeFinding[]): readonly ProbeFinding[] {
  const all = notImported(context)
  if (all.length === 0) return findings
  return findings.map((finding) => {
    const [, what, missing] = unknownName.exec(finding.reason) ?? []
    if (finding.status !== 'problem' || missing === undefined) return finding
    const cause = all.find((each) => each.what === what && mayBeIn(each, missing, context.searchPath))
    if (cause === undefined) return finding
    const { key } = finding
    return {
      code: 'object/dependency-undetermined',
      key,
      status: 'follows',
      reason: `it needs ${cause.title}`,
      hint: '',
    }
  })
}

function notImported({ resolved }: Context): readonly NotImported[] {
  const { manifest, requests } = resolved.asWritten
  const schemasOf = (request: ImportRequest) => [request.schema, mirrorOf(manifest, request)?.schema ?? request.schema]
  return [...resolved.refusals, ...resolved.undetermined].flatMap(({ key, title }): readonly NotImported[] => {
    const request = requests.find((each) => importTitle(each) === title)
    if (request) {
      const { limitTo, except, typesSchema = request.remoteSchema } = request
      const mayHave = (name: string) => limitTo?.includes(name) ?? !except.includes(name)
      const tables: NotImported = { what: 'relation', title, schemas: schemasOf(request), mayHave }
      if (!request.copiesTypes) return [tables]
      return [tables, { what: 'type', title, schemas: [typesSchema], mayHave: () => true }]
    }
    const id = idOf(key)
    if (id?.kind !== 'foreignTable' && id?.kind !== 'type') return []
    const mayHave = (name: string) => name === id.name
    if (id.kind === 'type') return [{ what: 'type', title, schemas: [id.schema], mayHave }]
    const schemas = requests.filter(({ schema }) => schema === id.schema).flatMap(schemasOf)
    return [{ what: 'relation', title, schemas, mayHave }]
  })
}

/** @param missing the name as PostgreSQL reports it, without quotes */
function mayBeIn({ schemas, mayHave }: NotImported, missing: string, searchPath: readonly string[]): boolean {
  return schemas.some(
    (schema) =>
      (missing.startsWith(`${schema}.`) && mayHave(missing.slice(schema.length + 1))) ||
      (searchPath.includes(schema) && mayHave(missing)),
  )
}
