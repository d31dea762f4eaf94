import type { ReactiveControllerHost } from 'lit';

/** Does something every so many milliseconds while its host stands on the page. */
export function every(host: ReactiveControllerHost, ms: number, what: () => void): void {
  let timer: ReturnType<typeof setInterval> | undefined;
  host.addController({
    hostConnected: () => {
      timer = setInterval(what, ms);
    },
    hostDisconnected: () => clearInterval(timer),
  });
}
