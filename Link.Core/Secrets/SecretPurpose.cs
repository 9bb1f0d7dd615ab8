namespace Link.Core.Secrets;

/// <summary>What a secret was given for.</summary>
/// <param name="Plugin">Who uses it.</param>
/// <param name="Field">Its path in the configuration: <c>secret</c>, <c>headers.X-Token</c>.</param>
/// <param name="Destination">Who receives it, and for what.</param>
internal sealed record SecretPurpose(string Plugin, string Field, SecretDestination Destination);
