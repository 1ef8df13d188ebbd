// Finds attachments that successors are to keep, but that the role which applies may not add to them.

import type { Attachment } from '../../core/dependent.ts'
import { ident, trusted } from '../../core/sql.ts'
import type { Session } from '../../db/session.ts'

/** What the role needs to add an attachment to the successor of a relation. */
export interface LackedForAttachment {
  /** The OID of the relation. */
  readonly of: number
  /** The title of the attachment. */
  readonly title: string
  /** As in GRANT: `CREATE ON TABLESPACE fast`; or `ownership of publication p`. */
  readonly privilege: string
  readonly isGrantable: boolean
}

// The primary key is declared, but not the tablespace of its index. The statements that add attachments have qualified names, which
// are looked up with the privileges of the role: so it needs USAGE on the schema of all that an attachment depends on.
const lackedQuery = trusted(`
  WITH kept AS (
    SELECT of, title, catalog::regclass AS classid, oid AS objid
      FROM jsonb_to_recordset($1) AS a(of oid, title text, catalog text, oid oid)
    UNION ALL
    SELECT conrelid, format('the tablespace of primary key %I', conname), 'pg_constraint', oid
      FROM pg_constraint WHERE conrelid = ANY ($2::oid[]) AND contype = 'p'
  ), lacked AS (
    SELECT of, title, format('CREATE ON TABLESPACE %I', spcname) AS privilege, true AS "isGrantable"
      FROM kept LEFT JOIN pg_constraint k ON classid = 'pg_constraint'::regclass AND k.oid = objid AND contype IN ('p', 'u', 'x')
      JOIN pg_class i ON relkind IN ('i', 'I') AND i.oid = CASE WHEN classid = 'pg_class'::regclass THEN objid ELSE conindid END
      JOIN pg_tablespace t ON t.oid = i.reltablespace
     WHERE NOT has_tablespace_privilege(t.oid, 'CREATE')
    UNION ALL
    SELECT of, title, format('USAGE ON SCHEMA %s', used.schema), true
      FROM kept JOIN pg_depend d USING (classid, objid) CROSS JOIN pg_identify_object(refclassid, refobjid, 0) AS used
     WHERE NOT has_schema_privilege(to_regnamespace(used.schema), 'USAGE')
    UNION ALL
    SELECT of, title, format('USAGE, CREATE ON SCHEMA %I', nspname), true
      FROM kept JOIN pg_statistic_ext s ON classid = 'pg_statistic_ext'::regclass AND s.oid = objid
      JOIN pg_namespace n ON n.oid = stxnamespace
     WHERE NOT (has_schema_privilege(n.oid, 'USAGE') AND has_schema_privilege(n.oid, 'CREATE'))
    UNION ALL
    SELECT of, title, format('EXECUTE ON FUNCTION %s', tgfoid::regprocedure), true
      FROM kept JOIN pg_trigger t ON classid = 'pg_trigger'::regclass AND t.oid = objid
     WHERE NOT has_function_privilege(tgfoid, 'EXECUTE')
    UNION ALL
    SELECT of, title, format('REFERENCES ON TABLE %s', confrelid::regclass), true
      FROM kept JOIN pg_constraint k ON classid = 'pg_constraint'::regclass AND k.oid = objid AND contype = 'f'
     WHERE EXISTS (SELECT FROM unnest(confkey) AS number WHERE NOT has_column_privilege(confrelid, number, 'REFERENCES'))
    UNION ALL
    SELECT of, title, format('ownership of publication %I', pubname), false
      FROM kept JOIN pg_publication_rel p ON classid = 'pg_publication_rel'::regclass AND p.oid = objid
      JOIN pg_publication b ON b.oid = prpubid
     WHERE NOT pg_has_role(pubowner, 'USAGE')
  )
  SELECT DISTINCT * FROM lacked ORDER BY of, title, privilege`)

/**
 * Reads what this role lacks, under the reading path.
 * @param relations those that are replaced, by OID
 * @param kept the attachments that their successors are to keep
 */
export function lackedForAttachments(
  session: Session,
  relations: readonly number[],
  kept: readonly Attachment[],
): Promise<readonly LackedForAttachment[]> {
  const given = kept.map(({ of, title, catalog, oid }) => ({ of, title, catalog, oid }))
  return session.query<LackedForAttachment>(lackedQuery, [JSON.stringify(given), relations])
}

export function explainLacked(
  { title, privilege, isGrantable }: LackedForAttachment,
  user: string,
): { readonly reason: string; readonly hint: string } {
  const grant = isGrantable ? `GRANT ${privilege} TO ${ident(user)};` : 'Apply as a role that has it.'
  return {
    reason: `its successor cannot keep ${title}: ${ident(user)} needs ${privilege}`,
    hint: `${grant} Or drop that first, and create it again once this is applied.`,
  }
}
