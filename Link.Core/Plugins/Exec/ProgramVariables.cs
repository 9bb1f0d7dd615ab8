using System.Text.RegularExpressions;

namespace Link.Core.Plugins.Exec;

/// <summary>
/// Which variables an endpoint's configuration may set for its program: those that no program knows but the one that they are meant for, the language, and
/// what the administrator names. The program was chosen by whoever may write its directory; a variable that a shell, an interpreter, the loader or a library
/// heeds would let whoever may add an endpoint choose another, and nobody can list them all.
/// </summary>
/// <param name="allowed">EXEC_ENVIRONMENT_ALLOW: names, or beginnings with a <c>*</c> behind.</param>
internal sealed partial class ProgramVariables(IReadOnlyList<string> allowed)
{
    /// <summary>Of the agent itself, all but <see cref="FreePrefix"/>.</summary>
    private const string OwnPrefix = "LINK_";
    private const string FreePrefix = "LINK_ENV_";

    private static readonly string[] s_always = [FreePrefix + "*", "LANG", "LC_*"];

    /// <summary>Not even by a pattern that was meant for others.</summary>
    private static readonly string[] s_neverPrefixes = [OwnPrefix, "LD_", "BASH", "PYTHON", "PERL", "RUBY"];

    /// <inheritdoc cref="s_neverPrefixes"/>
    private static readonly string[] s_never =
    [
        "PATH", "IFS", "ENV", "PS4", "SHELLOPTS", "CDPATH", "GLOBIGNORE", "GCONV_PATH", "GLIBC_TUNABLES", "LOCPATH", "NLSPATH", "OPENSSL_CONF", "OPENSSL_MODULES", "LUA_INIT",
        "NODE_OPTIONS", "NODE_PATH", "JAVA_TOOL_OPTIONS", "GIT_SSH", "GIT_SSH_COMMAND", "DOTNET_STARTUP_HOOKS", "TMPDIR",
    ];

    public bool Allows(string name) => !IsNever(name) && (s_always.Any(pattern => Fits(pattern, name)) || allowed.Any(pattern => Fits(pattern, name)));

    /// <summary>For messages.</summary>
    public override string ToString() => string.Join(", ", s_always.Concat(allowed));

    /// <summary>A variable of a program's whole environment, as the agent makes it: its own, and what configurations may set.</summary>
    /// <param name="variable">NAME=value.</param>
    public bool AllowsInAll(string variable)
    {
        int end = variable.IndexOf('=', StringComparison.Ordinal);
        string name = end < 0 ? variable : variable[..end];
        return end > 0 && !variable.Contains('\0') && NameSyntax().IsMatch(name)
            && (variable == ExecOutput.PathVariable || name.StartsWith(OwnPrefix, StringComparison.Ordinal) || Allows(name));
    }

    public static bool IsName(string text) => NameSyntax().IsMatch(text);

    /// <summary>What is wrong with a part of EXEC_ENVIRONMENT_ALLOW; null: nothing.</summary>
    public static string? PatternFault(string pattern)
    {
        string stem = pattern.EndsWith('*') ? pattern[..^1] : pattern;
        return !IsName(stem) ? "is not a variable's name"
            : IsNever(stem) || (stem.Length < pattern.Length && stem + "_" == OwnPrefix) ? "decides what a program runs, or is the agent's own"
            : null;
    }

    private static bool IsNever(string name) =>
        !name.StartsWith(FreePrefix, StringComparison.Ordinal)
        && (s_never.Contains(name) || Array.Exists(s_neverPrefixes, prefix => name.StartsWith(prefix, StringComparison.Ordinal)));

    private static bool Fits(string pattern, string name) =>
        pattern.EndsWith('*') ? name.StartsWith(pattern[..^1], StringComparison.Ordinal) : name == pattern;

    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_]{0,127}\z")]
    private static partial Regex NameSyntax();
}
