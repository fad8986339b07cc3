/** A model, and a version of it; empty = the server's choice. */
export interface NamedVersion {
  readonly name: string;
  readonly version: string;
}

/** A model that works within the one that is measured. */
export interface ComposingModel {
  readonly name: string;
  /** As asked for, else the one that the server chooses: its highest. */
  readonly version: string;
  /** Whether no version is asked for: then others may work too. */
  readonly isServersChoice: boolean;
  /** 1 = a step of the measured ensemble, or called by the measured model; 2 = a step of such a step, and so on. */
  readonly depth: number;
  /** How often a request of the measured ensemble runs it; 0 for a model that the server calls by itself. */
  readonly stepsPerRequest: number;
}
