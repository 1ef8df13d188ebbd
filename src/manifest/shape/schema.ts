// The JSON schema of manifests as data, without what is for editors only.

import published from '../generated/manifest-schema.json' with { type: 'json' }

/** The keywords that the schema of manifests uses. */
export interface SchemaNode {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly minLength?: number
  readonly pattern?: string
  readonly minimum?: number
  readonly minItems?: number
  readonly uniqueItems?: boolean
  readonly items?: SchemaNode
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, SchemaNode | false>>
  readonly additionalProperties?: SchemaNode | false
  readonly dependentSchemas?: Readonly<Record<string, SchemaNode>>
  readonly if?: SchemaNode
  readonly not?: SchemaNode
  readonly then?: SchemaNode
}

interface Schema extends SchemaNode {
  readonly $defs: Readonly<Record<string, SchemaNode>>
}

export const manifestSchema = published as Schema // TypeScript infers a type of its own for each part

/** The part of the schema that a part refers to, or else the part itself. */
export function referenced(node: SchemaNode, { $defs }: Schema = manifestSchema): SchemaNode {
  if (node.$ref === undefined) return node
  const definition = $defs[node.$ref.replace('#/$defs/', '')]
  if (!definition) throw new Error(`the schema of manifests has no ${node.$ref}`)
  return definition
}
