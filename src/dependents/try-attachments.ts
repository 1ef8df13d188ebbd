// Finds out which attachments the server rejects once the types of columns have changed: creates them on empty tables with the
// wanted columns, in a transaction that is rolled back.

import type { Attachment, Lost } from '../core/dependent.ts'
import { namespaceOf } from '../core/object.ts'
import { qualified, sql, trusted } from '../core/sql.ts'
import { isDatabaseError } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'
import { rolledBack } from '../db/transaction.ts'
import type { EvaluatedCode, MayEvaluate } from '../introspector/evaluation/evaluated-code.ts'
import { evaluationReason } from '../introspector/evaluation/evaluation.ts'
import { calledByViews } from '../introspector/evaluation/expressions.ts'
import { beginTrial } from '../introspector/transaction-settings.ts'
import { createScratchTypes, type TypesToCreate } from './scratch-types.ts'
import {
  createEmptyTables,
  createScratchSchemas,
  type FailedTrial,
  type Place,
  type RelationToCreate,
  requalifyForScratch,
  tryStatements,
} from './stand-ins.ts'

export interface AttachmentTrial {
  /** The relations that the attachments are on. Those have the columns under their names in the database. */
  readonly relations: readonly RelationToCreate[]
  readonly attachments: readonly Attachment[]
  readonly types: TypesToCreate
  readonly mayEvaluate: MayEvaluate
  readonly trustedRoles: readonly string[]
}

interface Definition {
  readonly catalog: string
  readonly oid: number
  readonly schema: string
  /** A query that has its expressions; null if it has none. */
  readonly expressions: string | null
  readonly definition: string
}

// $2 has the scratch schemas by the real ones. What is on a view is tried with it: see view-parts.ts. A foreign
// key is not tried, since that locks the table that it refers to.
const definitionsQuery = trusted(`
  WITH wanted AS (
    SELECT catalog::regclass AS classid, oid FROM jsonb_to_recordset($1) AS w(catalog text, oid oid)
  )
  SELECT 'pg_class' AS catalog, i.indexrelid AS oid, nspname AS schema,
         CASE WHEN indexprs IS NOT NULL OR indpred IS NOT NULL THEN
           format('SELECT FROM %I.%I WHERE %s AND ROW(%s) IS NOT NULL', nspname, relname,
                  coalesce(pg_get_expr(indpred, indrelid), 'true'), pg_get_expr(indexprs, indrelid)) END AS expressions,
         pg_get_indexdef(i.indexrelid) AS definition
    FROM wanted JOIN pg_index i ON classid = 'pg_class'::regclass AND i.indexrelid = wanted.oid
    JOIN pg_class c ON c.oid = indrelid JOIN pg_namespace n ON n.oid = relnamespace
  UNION ALL
  SELECT 'pg_statistic_ext', s.oid, nspname,
         (SELECT format('SELECT FROM %I.%I WHERE ROW(%s) IS NOT NULL', nspname, relname, string_agg(expression, ', '))
            FROM unnest(pg_get_statisticsobjdef_expressions(s.oid)) AS expression HAVING count(*) > 0),
         format('CREATE STATISTICS %I.%I%s ON %s FROM %I.%I', $2::jsonb ->> nspname, 'fdwsync_' || s.oid,
                (SELECT ' (' || string_agg(CASE k WHEN 'd' THEN 'ndistinct' WHEN 'f' THEN 'dependencies' WHEN 'm' THEN 'mcv' END, ', ') || ')'
                   FROM unnest(stxkind) k WHERE k <> 'e'),
                pg_get_statisticsobjdef_columns(s.oid), nspname, relname)
    FROM wanted JOIN pg_statistic_ext s ON classid = 'pg_statistic_ext'::regclass AND s.oid = wanted.oid
    JOIN pg_class c ON c.oid = stxrelid JOIN pg_namespace n ON n.oid = relnamespace
  UNION ALL
  SELECT 'pg_trigger', t.oid, nspname, NULL, pg_get_triggerdef(t.oid)
    FROM wanted JOIN pg_trigger t ON classid = 'pg_trigger'::regclass AND t.oid = wanted.oid
    JOIN pg_class c ON c.oid = tgrelid JOIN pg_namespace n ON n.oid = relnamespace
  UNION ALL
  SELECT 'pg_rewrite', r.oid, nspname, NULL, pg_get_ruledef(r.oid)
    FROM wanted JOIN pg_rewrite r ON classid = 'pg_rewrite'::regclass AND r.oid = wanted.oid
    JOIN pg_class c ON c.oid = ev_class JOIN pg_namespace n ON n.oid = relnamespace
  UNION ALL
  SELECT 'pg_constraint', k.oid, nspname,
         CASE WHEN conbin IS NOT NULL OR indexprs IS NOT NULL OR indpred IS NOT NULL THEN
           format('SELECT FROM %I.%I WHERE %s AND ROW(%s) IS NOT NULL', nspname, relname,
                  coalesce(pg_get_expr(conbin, conrelid), pg_get_expr(indpred, indrelid), 'true'), pg_get_expr(indexprs, indrelid)) END,
         format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s', nspname, relname, conname, pg_get_constraintdef(k.oid))
    FROM wanted JOIN pg_constraint k ON classid = 'pg_constraint'::regclass AND k.oid = wanted.oid AND contype IN ('c', 'u', 'x')
    JOIN pg_class c ON c.oid = conrelid JOIN pg_namespace n ON n.oid = relnamespace LEFT JOIN pg_index ON indexrelid = conindid
  UNION ALL
  SELECT 'pg_policy', p.oid, nspname, format('SELECT FROM %I.%I WHERE %s', nspname, relname, condition),
         format('CREATE POLICY %I ON %I.%I USING (%s)', polname, nspname, relname, condition)
    FROM wanted JOIN pg_policy p ON classid = 'pg_policy'::regclass AND p.oid = wanted.oid
    JOIN pg_class c ON c.oid = polrelid JOIN pg_namespace n ON n.oid = relnamespace
    CROSS JOIN concat_ws(' AND ', pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)) AS condition
   WHERE condition <> ''
  UNION ALL
  SELECT 'pg_attrdef', d.oid, nspname, format('SELECT FROM %I.%I WHERE (%s) IS NOT NULL', nspname, relname, pg_get_expr(adbin, adrelid)),
         format('ALTER TABLE %I.%I ALTER COLUMN %I SET DEFAULT %s', nspname, relname, attname, pg_get_expr(adbin, adrelid))
    FROM wanted JOIN pg_attrdef d ON classid = 'pg_attrdef'::regclass AND d.oid = wanted.oid
    JOIN pg_attribute a ON attrelid = adrelid AND attnum = adnum
    JOIN pg_class c ON c.oid = adrelid JOIN pg_namespace n ON n.oid = relnamespace`)

export interface TriedAttachments {
  /** The attachments that PostgreSQL would reject, with its reasons. */
  readonly rejected: ReadonlyMap<Attachment, string>
  /** The attachments that could not be tried, and why. */
  readonly untried: ReadonlyMap<Attachment, Lost>
}

export async function tryAttachments(session: Session, trial: AttachmentTrial): Promise<TriedAttachments> {
  if (trial.attachments.length === 0) return noneTried(trial, undefined)
  try {
    return await rolledBack(session, beginTrial(session), () => tryIn(session, trial))
  } catch (error) {
    // The server is read-only, the role may not create anything, or a limit of time was reached.
    if (!isDatabaseError(error) || session.isLost()) throw error
    return noneTried(trial, { reason: error.message })
  }
}

function noneTried({ attachments }: AttachmentTrial, why: Lost | undefined): TriedAttachments {
  return { rejected: new Map(), untried: new Map(why ? attachments.map((each) => [each, why]) : []) }
}

async function tryIn(session: Session, trial: AttachmentTrial): Promise<TriedAttachments> {
  const { relations, attachments, types } = trial
  const schemas = [...relations.map(({ id }) => id.schema), ...types.created.flatMap(({ id }) => namespaceOf(id) ?? [])]
  const place = await createScratchSchemas(session, schemas, trial)
  const withoutTypes = await createScratchTypes(session, types, place)
  if (withoutTypes) return noneTried(trial, withoutTypes)
  await createEmptyTables(session, relations, place)
  const byOid = new Map(attachments.map((attachment) => [`${attachment.catalog} ${attachment.oid}`, attachment]))
  const rejected = new Map<Attachment, string>()
  const untried = new Map<Attachment, Lost>()
  for (const definition of await readDefinitions(session, attachments, place)) {
    const attachment = byOid.get(`${definition.catalog} ${definition.oid}`)
    const failed = await tryOne(session, definition, place)
    if (!attachment || !failed) continue
    if (failed.isProof) rejected.set(attachment, failed.reason)
    else untried.set(attachment, failed)
  }
  return { rejected, untried }
}

function readDefinitions(
  session: Session,
  attachments: readonly Attachment[],
  { scratch }: Place,
): Promise<readonly Definition[]> {
  const wanted = JSON.stringify(attachments.map(({ catalog, oid }) => ({ catalog, oid })))
  return session.query<Definition>(definitionsQuery, [wanted, JSON.stringify(Object.fromEntries(scratch))])
}

/**
 * A view of the expressions evaluates nothing, and shows whether creating the attachment itself would run code. If so, it is not
 * created.
 */
async function tryOne(session: Session, definition: Definition, place: Place): Promise<FailedTrial | undefined> {
  if (definition.expressions !== null) {
    const [schema, name] = [place.scratch.get(definition.schema) ?? '', `fdwsync_${definition.oid}`]
    const query = trusted(await requalifyForScratch(definition.expressions, place))
    const failed = await tryStatements(session, sql`CREATE VIEW ${qualified(schema, name)} AS ${query}`, place)
    if (failed) return failed
    const code = await codeRun(session, { schema, name }, place)
    if (code.length > 0) return { reason: evaluationReason(code), isProof: false }
  }
  const creation = trusted(await requalifyForScratch(definition.definition, place))
  return tryStatements(session, creation, place)
}

async function codeRun(
  session: Session,
  { schema, name }: RelationToCreate['id'],
  place: Place,
): Promise<readonly EvaluatedCode[]> {
  const { mayEvaluate, trustedRoles } = place
  if (mayEvaluate === 'everything') return []
  const isUntrustedOnly = mayEvaluate === 'trusted-code'
  const called = await calledByViews(session, schema, [name], { trustedRoles, isUntrustedOnly })
  return (called.get(name) ?? []).filter(({ isTrusted }) => !(isUntrustedOnly && isTrusted))
}
