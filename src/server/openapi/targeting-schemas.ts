/** A targeting rule, from the dimensions and value lists of `campaigns/targeting-validation.ts`. */
import { DIMENSIONS } from '../../campaigns/dimensions.ts';
import { DIMENSION_VALUES, MAX_RULES, MAX_VALUES, OPERATORS } from '../../campaigns/targeting-validation.ts';
import { form, list, ref, text, word, type Schema } from './schema.ts';

export const TARGETING_SCHEMAS = {
  TargetingRule: form(
    {
      dimension: word(DIMENSIONS, 'What of the request is looked at.'),
      operator: word(
        OPERATORS,
        'include: one of the request’s values is listed. exclude: none is; a request without a value passes.',
        'include',
      ),
      values: {
        ...list(text('A value that the dimension knows.'), MAX_VALUES, 'Compared in any case.'),
        minItems: 1,
      },
    },
    ['dimension', 'values'],
    `A dimension that no rule names accepts everything. Values by dimension:\n\n${valueTable()}`,
  ),
} satisfies Readonly<Record<string, Schema>>;

export const targeting = list(ref('TargetingRule'), MAX_RULES, 'All rules must hold. Empty: any request.');

function valueTable(): string {
  const rows = DIMENSIONS.map((dimension) => {
    const { noun, hint } = DIMENSION_VALUES[dimension];
    return `| \`${dimension}\` | ${noun === dimension ? '' : `${noun}: `}${hint} |`;
  });
  return ['| dimension | value |', '| --- | --- |', ...rows].join('\n');
}
