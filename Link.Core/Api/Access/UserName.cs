namespace Link.Core.Api.Access;

/// <summary>Which names the users file takes.</summary>
internal static class UserName
{
    public const int MaxLength = 64;

    /// <summary>What is wrong with a name; null: nothing.</summary>
    public static string? Fault(string name) =>
        name.Length == 0 ? "is empty"
        : name.Length > MaxLength ? $"has more than {MaxLength} characters"
        : name.StartsWith('#') ? "begins with #, as a comment does"
        : name.Any(c => c == ':' || char.IsControl(c) || char.IsWhiteSpace(c)) ? "has a colon, a space or a control character"
        : null;

    /// <summary>A name as somebody sent it, for a log line.</summary>
    public static string ForLog(string name) => string.Concat(name.Where(c => !char.IsControl(c) && c != '"').Take(MaxLength));
}
