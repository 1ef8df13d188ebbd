// Finds schemas that a manifest cannot declare, neither directly nor in a mirror.

import type { Problem } from '../../core/errors.ts'
import { ownerOfReservedSchema } from '../../core/reserved-schemas.ts'
import type { Manifest } from '../manifest.ts'
import { atKey, atValue, type PathProblem } from './path-problem.ts'

const keysOfMirrors = ['proxy_schema', 'types_schema', 'schema'] as const

export function reservedSchemaProblems({ schemas, mirrors }: Manifest): readonly PathProblem[] {
  return [
    ...Object.keys(schemas ?? {}).flatMap((name) => reserved(name, (problem) => atKey(['schemas', name], problem))),
    ...Object.entries(mirrors ?? {}).flatMap(([name, mirror]) =>
      keysOfMirrors.flatMap((key) => reserved(mirror[key], (problem) => atValue(['mirrors', name, key], problem))),
    ),
  ]
}

function reserved(schema: string | undefined, at: (problem: Problem) => PathProblem): readonly PathProblem[] {
  const owner = schema === undefined ? undefined : ownerOfReservedSchema(schema)
  if (owner === undefined) return []
  const message = `the schema "${schema}" is reserved for ${owner}`
  return [at({ code: 'manifest/invalid-value', message, hint: 'Choose another name.' })]
}
