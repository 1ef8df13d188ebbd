// Checks that a partition bound consists of constants. PostgreSQL evaluates a bound when the partition is created, so that
// anything else would run in a plan.

import { isSqlNode, nameParts, type SqlNode } from '../../parser/parse-sql.ts'

interface NotConstant {
  readonly message: string
  /** In bytes of the statement. */
  readonly location: number
}

/**
 * The part of a bound that is not a constant, if there is one. Constants are literals, casts of literals to built-in types,
 * MINVALUE and MAXVALUE. MODULUS and REMAINDER are numbers in the grammar itself.
 * @param statement CREATE FOREIGN TABLE … PARTITION OF
 */
export function notConstant(statement: SqlNode, searchPath: readonly string[]): NotConstant | undefined {
  const table = statement.CreateForeignTableStmt
  const base = isSqlNode(table) && isSqlNode(table.base) ? table.base : {}
  const bound = isSqlNode(base.partbound) ? base.partbound : {}
  const values = [bound.listdatums, bound.lowerdatums, bound.upperdatums].flatMap((list) =>
    Array.isArray(list) ? list : [],
  )
  const wrong = values.find((value) => !isConstant(value, bound.strategy === 'r', searchPath))
  if (wrong === undefined) return undefined
  const message =
    'a partition bound can only contain literals, casts of literals to built-in types, MINVALUE and MAXVALUE: PostgreSQL evaluates anything else when it creates the partition'
  return { message, location: firstLocation(wrong) ?? 0 }
}

function isConstant(value: unknown, isRange: boolean, searchPath: readonly string[]): boolean {
  if (!isSqlNode(value)) return false
  if (isSqlNode(value.A_Const)) return true
  const cast = value.TypeCast
  if (isSqlNode(cast)) return isConstant(cast.arg, false, searchPath) && isBuiltIn(cast.typeName, searchPath)
  const fields = isSqlNode(value.ColumnRef) ? value.ColumnRef.fields : undefined
  const [name] = nameParts(fields)
  return isRange && Array.isArray(fields) && fields.length === 1 && (name === 'minvalue' || name === 'maxvalue')
}

/** PostgreSQL searches pg_catalog first, unless the manifest's search_path names it explicitly. */
function isBuiltIn(typeName: unknown, searchPath: readonly string[]): boolean {
  // table.column%TYPE looks like a type of a schema.
  if (!isSqlNode(typeName) || typeName.pct_type === true) return false
  const names = nameParts(typeName.names)
  const name = names.at(-1)
  const isCatalogFirst = searchPath.indexOf('pg_catalog') <= 0
  const isInCatalog = names.length === 1 ? isCatalogFirst : names.length === 2 && names[0] === 'pg_catalog'
  return isInCatalog && name !== undefined && builtInTypes.has(name)
}

/** The least location in a tree: where its text begins. */
function firstLocation(value: unknown): number | undefined {
  const found: number[] = []
  const open: unknown[] = [value]
  while (open.length > 0) {
    const node = open.pop()
    if (Array.isArray(node)) open.push(...node)
    if (!isSqlNode(node)) continue
    if (typeof node.location === 'number' && node.location >= 0) found.push(node.location)
    open.push(...Object.values(node))
  }
  return found.length > 0 ? Math.min(...found) : undefined
}

/** The base, range and multirange types of PostgreSQL 14 to 18, but for those that only its own catalog uses. */
const builtInTypes: ReadonlySet<string> = new Set(
  `
  aclitem bit bool box bpchar bytea char cid cidr circle date datemultirange daterange float4 float8 inet int2 int4
  int4multirange int4range int8 int8multirange int8range interval json jsonb jsonpath line lseg macaddr macaddr8 money
  name numeric nummultirange numrange oid path point polygon regclass regcollation regconfig regdictionary regnamespace
  regoper regoperator regproc regprocedure regrole regtype text tid time timestamp timestamptz timetz tsmultirange tsquery
  tsrange tstzmultirange tstzrange tsvector uuid varbit varchar xid xid8 xml
  `
    .trim()
    .split(/\s+/),
)
