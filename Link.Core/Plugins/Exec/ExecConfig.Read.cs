using System.Text.Json;
using System.Text.RegularExpressions;
using Link.Core.Plugins.Arp;
using Link.Core.Secrets;

namespace Link.Core.Plugins.Exec;

internal sealed partial record ExecConfig
{
    private const int MaxArguments = 64;
    private const int MaxVariables = 64;

    // Far below what execve(2) takes, and a record in etcd, 1.5 MiB.
    private const int MaxCharacters = 32 * 1024;
    private const int MaxTimeout = 300;
    private const int MaxRefreshInterval = 86_400;
    private const int MaxPathLength = 1024;

    /// <summary>
    /// Variables that decide what a shell, an interpreter or the loader runs. The program was chosen by whoever may write its directory; these would
    /// let whoever may add an endpoint choose another.
    /// </summary>
    private static readonly string[] s_reservedPrefixes = ["LINK_", "LD_", "BASH", "PYTHON", "PERL", "RUBY"];

    /// <inheritdoc cref="s_reservedPrefixes"/>
    private static readonly string[] s_reserved =
        ["PATH", "IFS", "ENV", "PS4", "SHELLOPTS", "CDPATH", "GLOBIGNORE", "GCONV_PATH", "GLIBC_TUNABLES", "NODE_OPTIONS", "NODE_PATH", "JAVA_TOOL_OPTIONS", "TMPDIR"];

    /// <summary>The fields that decide about the election, of a stored configuration whose secrets cannot be opened.</summary>
    public static string? FindElectionKey(JsonElement config) =>
        config.ValueKind == JsonValueKind.Object && config.TryGetProperty("resource_id", out JsonElement id) && id.ValueKind == JsonValueKind.String
        && id.GetString() is { } text && ResourceIdSyntax().IsMatch(text) ? KeyOf(text) : null;

    /// <param name="stored">False: what a user wants. True: what is in etcd; unknown fields are ignored.</param>
    public static Validated<ExecConfig> Read(JsonElement config, bool stored)
    {
        var errors = new FieldErrors();
        string? id = null, ip = null, onEtcdLoss = null;
        IReadOnlyList<string>? command = null;
        int timeout = DefaultTimeout, refresh = 0;
        IReadOnlyDictionary<string, Secret> environment = new Dictionary<string, Secret>();
        if (config.ValueKind != JsonValueKind.Object)
        {
            errors.Add("plugin_config", """must be an object such as {"resource_id":"db-vip","command":["/usr/local/lib/link/notify"]}""");
            return new Validated<ExecConfig>(null, errors.ToDictionary());
        }

        foreach (JsonProperty field in config.EnumerateObject())
        {
            switch (field.Name)
            {
                case "resource_id":
                    id = Text(field, errors);
                    break;
                case "command":
                    command = Commands(field, errors);
                    break;
                case "ip":
                    ip = Address(Text(field, errors), errors);
                    break;
                case "timeout":
                    timeout = Seconds(field, 1, MaxTimeout, errors) ?? DefaultTimeout;
                    break;
                case "refresh_interval":
                    refresh = Seconds(field, 0, MaxRefreshInterval, errors) ?? 0;
                    break;
                case "environment":
                    environment = Variables(field, errors);
                    break;
                case "on_etcd_loss":
                    onEtcdLoss = Text(field, errors);
                    break;
                default:
                    if (!stored)
                        errors.Add(field.Name, "is unknown; plugin exec takes resource_id, command, ip, timeout, refresh_interval, environment and on_etcd_loss");
                    break;
            }
        }

        if (IsMissing(config, "resource_id"))
            errors.Add("resource_id", "is missing: hosts with the same one compete; such as db-vip");
        else if (id != null && !ResourceIdSyntax().IsMatch(id))
            errors.Add("resource_id", "must be 1 to 128 letters, digits, dots, dashes, underscores and colons, and start with a letter or digit");
        if (IsMissing(config, "command"))
            errors.Add("command", """is missing: the program's path and its arguments, such as ["/usr/local/lib/link/notify","primary"]""");
        if (onEtcdLoss is not (null or "claim" or "hold" or "release"))
            errors.Add("on_etcd_loss", $"is \"{onEtcdLoss}\"; must be claim, hold or release");

        return errors.IsEmpty
            ? new Validated<ExecConfig>(
                new ExecConfig(id!, command!)
                {
                    Ip = ip,
                    Timeout = TimeSpan.FromSeconds(timeout),
                    RefreshInterval = refresh == 0 ? null : TimeSpan.FromSeconds(refresh),
                    Environment = environment,
                    OnEtcdLoss = onEtcdLoss,
                },
                errors.ToDictionary())
            : new Validated<ExecConfig>(null, errors.ToDictionary());
    }

    private static List<string>? Commands(JsonProperty field, FieldErrors errors)
    {
        if (field.Value.ValueKind == JsonValueKind.Null)
            return null;
        if (field.Value.ValueKind != JsonValueKind.Array || field.Value.GetArrayLength() == 0 || field.Value.EnumerateArray().Any(word => word.ValueKind != JsonValueKind.String))
        {
            errors.Add(field.Name, """must be a list of strings, the program's path first, such as ["/usr/local/lib/link/notify","primary"]""");
            return null;
        }

        List<string> words = [.. field.Value.EnumerateArray().Select(word => word.GetString()!)];
        if (words.Count - 1 > MaxArguments)
            errors.Add(field.Name, $"has {words.Count - 1} arguments; {MaxArguments} at most");
        if (words.Sum(word => (long)word.Length) > MaxCharacters)
            errors.Add(field.Name, $"has more than {MaxCharacters} characters");
        if (words.Exists(word => word.Contains('\0')))
            errors.Add(field.Name, "contains a NUL, which no argument can");
        if (PathFault(words[0]) is { } fault)
            errors.Add(field.Name, $"the program's path {fault}; must be an absolute one such as /usr/local/lib/link/notify");
        return words;
    }

    private static string? PathFault(string path) =>
        !path.StartsWith('/') ? "is not absolute"
        : path.Length > MaxPathLength ? $"has more than {MaxPathLength} characters"
        : path.Any(char.IsControl) ? "contains a control character"
        : path[1..].Split('/').Any(part => part is "" or "." or "..") ? "contains an empty part, . or .."
        : null;

    private static Dictionary<string, Secret> Variables(JsonProperty field, FieldErrors errors)
    {
        var variables = new Dictionary<string, Secret>();
        if (field.Value.ValueKind == JsonValueKind.Null)
            return variables;
        if (field.Value.ValueKind != JsonValueKind.Object)
        {
            errors.Add(field.Name, """must be an object such as {"PGPORT":"5432"}""");
            return variables;
        }

        long characters = 0;
        foreach (JsonProperty variable in field.Value.EnumerateObject())
        {
            string name = $"{field.Name}.{variable.Name}";
            if (!VariableSyntax().IsMatch(variable.Name))
                errors.Add(field.Name, "has a name that is not 1 to 128 letters, digits and underscores, the first one no digit");
            else if (Array.Exists(s_reservedPrefixes, prefix => variable.Name.StartsWith(prefix, StringComparison.Ordinal)) || s_reserved.Contains(variable.Name))
                errors.Add(name, $"is not for configurations: neither are {string.Join(", ", s_reservedPrefixes.Select(prefix => prefix + "*"))} and {string.Join(", ", s_reserved)}");
            else if (variable.Value.ValueKind != JsonValueKind.String)
                errors.Add(name, "must be a string");
            else if (variable.Value.GetString()!.Contains('\0'))
                errors.Add(name, "contains a NUL, which no variable can");
            else if (!variables.TryAdd(variable.Name, new Secret(variable.Value.GetString()!)))
                errors.Add(name, "is given twice");
            else
                characters += variable.Name.Length + variables[variable.Name].Reveal().Length;
        }

        if (variables.Count > MaxVariables)
            errors.Add(field.Name, $"has {variables.Count} variables; {MaxVariables} at most");
        if (characters > MaxCharacters)
            errors.Add(field.Name, $"has more than {MaxCharacters} characters");
        return variables;
    }

    /// <summary>In canonical form, with a prefix length if it has one.</summary>
    private static string? Address(string? text, FieldErrors errors)
    {
        if (text == null)
            return null;
        bool hasPrefix = text.Contains('/');
        CidrAddress? address = CidrAddress.Parse(hasPrefix ? text : text + (text.Contains(':') ? "/128" : "/32"), out string? fault);
        if (address == null)
        {
            errors.Add("ip", hasPrefix ? fault! : $"\"{text}\" is not an IP address, such as 10.0.0.1, 10.0.0.1/32 or 2001:db8::1");
            return null;
        }

        return hasPrefix ? $"{address.Address}/{address.PrefixLength}" : address.Address.ToString();
    }

    private static int? Seconds(JsonProperty field, int least, int most, FieldErrors errors)
    {
        if (field.Value.ValueKind == JsonValueKind.Null)
            return null;
        if (field.Value.ValueKind == JsonValueKind.Number && field.Value.TryGetInt32(out int seconds) && seconds >= least && seconds <= most)
            return seconds;
        errors.Add(field.Name, $"must be a whole number of seconds from {least} to {most}{(least == 0 ? ", where 0 means never" : "")}");
        return null;
    }

    private static bool IsMissing(JsonElement config, string field) => !config.TryGetProperty(field, out JsonElement value) || value.ValueKind == JsonValueKind.Null;

    /// <summary>Null: not there, or not a string, which is noted.</summary>
    private static string? Text(JsonProperty field, FieldErrors errors)
    {
        if (field.Value.ValueKind == JsonValueKind.String)
            return field.Value.GetString();
        if (field.Value.ValueKind != JsonValueKind.Null)
            errors.Add(field.Name, "must be a string");
        return null;
    }

    /// <summary>A part of keys in etcd: no slash.</summary>
    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}\z")]
    private static partial Regex ResourceIdSyntax();

    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_]{0,127}\z")]
    private static partial Regex VariableSyntax();
}
