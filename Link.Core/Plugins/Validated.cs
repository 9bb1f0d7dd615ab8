namespace Link.Core.Plugins;

/// <summary>A plugin's configuration, or all that is wrong with it.</summary>
/// <param name="Value">Null when there are errors.</param>
/// <param name="Errors">Field to messages; empty when valid.</param>
internal sealed record Validated<T>(T? Value, IReadOnlyDictionary<string, IReadOnlyList<string>> Errors)
    where T : class
{
    public bool IsValid => Value is not null;
}
