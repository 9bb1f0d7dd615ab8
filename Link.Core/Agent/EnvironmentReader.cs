using System.Globalization;
using System.Text;
using Link.Core.Files;
using Link.Core.Secrets;

namespace Link.Core.Agent;

/// <summary>
/// Reads variables and collects every fault and warning on the way. A variable that is set to nothing counts as not set,
/// as a line <c>NAME=</c> of an environment file means.
/// </summary>
internal sealed class EnvironmentReader(IReadOnlyDictionary<string, string> environment)
{
    private const int MaxShownLength = 100;
    private const int MaxReasonLength = 300;
    private const int MaxSecretFileBytes = 65_536;

    private readonly List<string> _faults = [];
    private readonly List<string> _warnings = [];
    private readonly HashSet<string> _used = [];

    public IReadOnlyList<string> Faults => _faults;

    public IReadOnlyList<string> Warnings => _warnings;

    /// <summary>The variables that were set and read.</summary>
    public IReadOnlySet<string> Used => _used;

    /// <summary>True when the variable is there at all, even with an empty value, for one to which that means something.</summary>
    public bool IsSet(string variable)
    {
        if (!environment.ContainsKey(variable))
            return false;

        _used.Add(variable);
        return true;
    }

    public string? Text(string variable)
    {
        if (!environment.TryGetValue(variable, out var value) || value.Length == 0)
            return null;

        _used.Add(variable);
        return value;
    }

    public Secret? Secret(string variable) => Text(variable) is { } value ? new Secret(value) : null;

    /// <summary>
    /// A secret from the variable itself, from the file that <c>VARIABLE_FILE</c> names, or from a systemd credential (systemd.exec(5), LoadCredential=).
    /// White space at the end of a file is not part of it.
    /// </summary>
    /// <param name="credential">Name of the credential.</param>
    /// <param name="source">Which of the three it was, for faults.</param>
    public Secret? Secret(string variable, string credential, out string source)
    {
        string fileVariable = variable + "_FILE";
        string? path = Text(fileVariable);
        string? credentialPath = environment.TryGetValue("CREDENTIALS_DIRECTORY", out var directory) && File.Exists(Path.Combine(directory, credential))
            ? Path.Combine(directory, credential)
            : null;
        source = variable;
        if (Secret(variable) is { } given)
        {
            if (path is not null || credentialPath is not null)
                _faults.Add($"{variable} is given twice: as the variable and {(path is not null ? $"by {fileVariable}" : $"as the systemd credential {credential}")}; keep one");
            return given;
        }

        if (path is not null)
        {
            source = fileVariable;
            if (credentialPath is not null)
                _faults.Add($"{variable} is given twice: by {fileVariable} and as the systemd credential {credential}; keep one");
            return SecretFile(fileVariable, path);
        }

        if (credentialPath is null)
            return null;
        source = $"credential {credential}";
        _used.Add(variable);
        return SecretFile(source, credentialPath);
    }

    /// <summary>The same for an operator: with the file's path, if there is one.</summary>
    /// <param name="source">As <see cref="Secret(string, string, out string)"/> gave it.</param>
    public string SourceOf(string source) => source.EndsWith("_FILE", StringComparison.Ordinal) && Text(source) is { } path ? $"{source}=\"{Show(path)}\"" : source;

    private Secret? SecretFile(string source, string path)
    {
        const string accepts = "a readable file with the secret as its text";
        string? wrong;
        try
        {
            using FileStream file = File.OpenRead(path);
            var bytes = new byte[MaxSecretFileBytes + 1];
            int length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            string text = length > MaxSecretFileBytes ? "" : Encoding.UTF8.GetString(bytes, 0, length).TrimEnd();
            if (text.Length > 0)
                return new Secret(text);
            wrong = length > MaxSecretFileBytes ? $"the file is larger than {MaxSecretFileBytes} bytes" : "the file is empty";
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            wrong = $"the file cannot be read: {WatchedText.Reason(fault, path)}";
        }

        Fault(source, path, wrong, accepts);
        return null;
    }

    public TimeSpan Duration(string variable, TimeSpan @default, TimeSpan min, TimeSpan max)
    {
        if (Text(variable) is not { } text)
            return @default;

        var accepts = $"{GoDuration.Syntax}, from {GoDuration.Format(min)} to {GoDuration.Format(max)}";
        if (!GoDuration.TryParse(text, out var value, out var error))
            Fault(variable, text, error!, accepts);
        else if (value < min || value > max)
            Fault(variable, text, value < min ? "is too short" : "is too long", accepts);
        else
            return value;

        return @default;
    }

    public int Integer(string variable, int @default, int min, int max, string? meaning = null)
    {
        if (Text(variable) is not { } text)
            return @default;

        var accepts = $"a whole number from {min} to {max}{meaning}";
        if (!int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value))
            Fault(variable, text, "is not a whole number", accepts);
        else if (value < min || value > max)
            Fault(variable, text, "is out of range", accepts);
        else
            return value;

        return @default;
    }

    public T Choice<T>(string variable, T @default, params ReadOnlySpan<(string Word, T Value)> choices)
    {
        if (Text(variable) is not { } text)
            return @default;

        var words = new List<string>();
        foreach (var (word, value) in choices)
        {
            if (text == word)
                return value;
            words.Add(word);
        }

        Fault(variable, text, "is not one of the choices", string.Join(", ", words[..^1]) + " or " + words[^1]);
        return @default;
    }

    /// <summary>Notes that the variable's value cannot be used.</summary>
    public void Fault(string variable, string value, string wrong, string accepts) => _faults.Add($"{variable}=\"{Show(value)}\": {Visible(wrong, MaxReasonLength)}; accepts {accepts}");

    /// <summary>As <see cref="Fault(string, string, string, string)"/>, for a variable whose value must not be shown.</summary>
    public void SecretFault(string variable, string wrong, string accepts) => _faults.Add($"{variable}={Secrets.Secret.Mask}: {wrong}; accepts {accepts}");

    public void Missing(string variable, string wanted) => _faults.Add($"{variable} is not set; {wanted}");

    public void Warn(string text) => _warnings.Add(text);

    private static string Show(string value) => Visible(UrlPassword.Hide(value), MaxShownLength);

    // A reason may quote a part of the value.
    private static string Visible(string shown, int mostLength)
    {
        var text = new StringBuilder();
        foreach (var c in shown.AsSpan(0, Math.Min(shown.Length, mostLength)))
            text.Append(char.IsControl(c) ? '?' : c);
        return text.Append(shown.Length > mostLength ? "..." : "").ToString();
    }
}
