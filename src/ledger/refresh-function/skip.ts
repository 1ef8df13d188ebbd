// The part of fdwsync.refresh() that asks the queries skip_if_same of the policies. See loader/skip-if-same.ts, which digests their answers in
// the same way.

import { lastAnswer, recordedAnswer } from '../answers.ts'
import { callAsOwner, requireOwner } from './as-owner.ts'
import { roughDuration } from './rough-duration.ts'

const question = `format('DECLARE
  found_answer pg_catalog.text;
BEGIN
  SELECT pg_catalog.array_agg((answer.*)::pg_catalog.text ORDER BY (answer.*)::pg_catalog.text)::pg_catalog.text INTO found_answer FROM (%s
) AS answer;
  SET CONSTRAINTS ALL IMMEDIATE;
  RETURN found_answer;
END', member ->> 'skip_if_same')`

const jsonOf = (text: string) => `coalesce(to_json(${text})::text, 'null')`

/** Sets `answers`, and `same_for` if none of the members needs a refresh. */
export const askIfSame = `
  FOREACH member IN ARRAY members LOOP
    age := NULL;
    IF member ->> 'skip_if_same' IS NOT NULL THEN
      SELECT string_agg(quote_ident(name), ', ') INTO path FROM jsonb_array_elements_text(member -> 'path') AS name;${requireOwner}${callAsOwner(question, 'answer')}
      answer := encode(sha256(convert_to('[' || ${jsonOf("member ->> 'skip_if_same'")} || ',' || ${jsonOf('answer')} || ']', 'UTF8')), 'hex');
      answers := answers || jsonb_build_object(member ->> 'address', answer);
      SELECT CASE WHEN last.answer = ${recordedAnswer("answers ->> (member ->> 'address')", "(member ->> 'oid')::oid")} AND (member ->> 'is_loaded')::bool
                         AND NOT ((member ->> 'is_table')::bool AND pg_relation_size((member ->> 'oid')::oid) = 0) THEN clock_timestamp() - last.started_at END INTO age
        FROM (${lastAnswer("member ->> 'address'")}) AS last;
    END IF;
    oldest := GREATEST(oldest, age);
    is_same := is_same AND age IS NOT NULL;
  END LOOP;
  IF is_same THEN
    reason := format('same as %s ago', ${roughDuration('extract(epoch FROM oldest)')});
  END IF;`
