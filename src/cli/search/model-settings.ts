import type { Candidate, SettingValue } from '../../core/trial.js';

/** A dimension that is of a model within the searched one is named MODEL:SETTING. */
export interface SettingPlace {
  /** `undefined`: of the searched model. */
  readonly model: string | undefined;
  readonly setting: string;
}

/** Names of settings are words, so that a path of a field, which may hold a colon in a key, has another form. */
export function placeOf(name: string): SettingPlace {
  const [, model, setting] = /^(.+):(\w+)$/.exec(name) ?? [];
  return model === undefined || setting === undefined ? { model: undefined, setting: name } : { model, setting };
}

export const nameOf = ({ model, setting }: SettingPlace): string =>
  model === undefined ? setting : `${model}:${setting}`;

/** What a candidate says of one model; `undefined` is the searched one. */
export const settingsOf = (candidate: Candidate, model: string | undefined): Candidate =>
  Object.fromEntries(
    Object.entries(candidate).flatMap(([name, value]): [string, SettingValue][] => {
      const place = placeOf(name);
      return place.model === model ? [[place.setting, value]] : [];
    }),
  );
