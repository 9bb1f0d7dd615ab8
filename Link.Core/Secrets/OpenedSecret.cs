namespace Link.Core.Secrets;

/// <summary>What came of opening a secret.</summary>
/// <param name="Json">The JSON text of the value, with its quotes; null: it does not open.</param>
/// <param name="ByCurrentKey">False: an alternate key opened it.</param>
internal readonly record struct OpenedSecret(Secret? Json, bool ByCurrentKey, OpenFailure Failure);
