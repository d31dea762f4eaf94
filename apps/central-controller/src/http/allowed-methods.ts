/** What is used of Express' router: each layer with a route knows its path's pattern and its methods. */
interface Layer {
  readonly route?: { readonly methods: Readonly<Record<string, boolean>> };
  match(path: string): boolean;
}

/** Methods that some route has for this path; none: there is no such route. */
export function allowedMethods(app: { router?: { stack?: readonly Layer[] } }, path: string): string[] {
  const found = new Set<string>();
  for (const layer of app.router?.stack ?? []) {
    if (!layer.route || !matches(layer, path)) continue;
    for (const [method, has] of Object.entries(layer.route.methods)) {
      if (has && !method.startsWith('_')) found.add(method.toUpperCase());
    }
  }
  // Express answers it where GET is, without a route of its own.
  if (found.has('GET')) found.add('HEAD');
  return [...found].sort();
}

/** A path that can't be decoded belongs to no route. */
function matches(layer: Layer, path: string): boolean {
  try {
    return layer.match(path);
  } catch {
    return false;
  }
}
