/** RFC 7396: a patch that looks like the document, null where a member goes. */

type Members = Record<string, unknown>;

/** `target` with `patch` applied; neither is changed. Whatever its depth: the patch comes from a client. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged = copyOf(target);
  const open = [{ into: merged, patch }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const [name, value] of Object.entries(next.patch)) {
      if (value === null) {
        Reflect.deleteProperty(next.into, name);
      } else if (isObject(value)) {
        const inner = copyOf(next.into[name]);
        next.into[name] = inner;
        open.push({ into: inner, patch: value });
      } else {
        next.into[name] = value;
      }
    }
  }
  return merged;
}

/** Without a prototype: a member named `__proto__` is a member like any other. */
function copyOf(value: unknown): Members {
  return Object.assign(Object.create(null) as Members, isObject(value) ? value : {});
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
