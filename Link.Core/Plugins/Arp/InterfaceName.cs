namespace Link.Core.Plugins.Arp;

/// <summary>Names that Linux takes for a network interface (dev_valid_name in net/core/dev.c).</summary>
internal static class InterfaceName
{
    public const string Accepts = "the name of a network interface such as eth0: 1 to 15 characters without / : and spaces";

    // IFNAMSIZ, less the closing NUL.
    private const int MaxLength = 15;

    /// <summary>What is wrong with the name; null: nothing.</summary>
    public static string? Fault(string name) => name switch
    {
        "" => "is empty",
        "." or ".." => "is not a name",
        { Length: > MaxLength } => $"has {name.Length} characters",
        _ when name.Any(c => c is '/' or ':' || char.IsWhiteSpace(c) || char.IsControl(c)) => "contains a character that interfaces cannot have",
        _ => null,
    };
}
