/** A server that plays scripts; a call names its script by the model it asks for. */
export interface ScriptServer extends AsyncDisposable {
  readonly port: number;
}
