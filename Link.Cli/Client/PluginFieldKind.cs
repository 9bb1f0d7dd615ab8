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

    /// <summary>The option may be repeated.</summary>
    List,

    /// <summary>NAME=VALUE, repeated.</summary>
    Variables,

    /// <summary>"Name: value", repeated; the values are secrets.</summary>
    Headers,
}
