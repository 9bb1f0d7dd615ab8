namespace Link.Cli.Client;

/// <summary>How a field of a plugin's configuration is written on the command line.</summary>
internal enum PluginFieldKind
{
    Text,

    /// <summary>Also <c>@FILE</c>, <c>-</c> or an environment variable.</summary>
    Secret,

    /// <summary>A path of the client's host, or <c>-</c>; its text is the value.</summary>
    File,

    WholeNumber,

    /// <summary>A list of texts that starts with this option; the option of <see cref="Following"/> has the others.</summary>
    Command,

    /// <summary>Written with the field before, which has the same name.</summary>
    Following,

    /// <summary>NAME=VALUE, repeated; the values are secrets.</summary>
    Variables,

    /// <summary>"Name: value", repeated; the values are secrets.</summary>
    Headers,
}
