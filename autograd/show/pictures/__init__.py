"""Pictures: graphs, networks and curves as text in the language of Graphviz, and this text as SVG, PNG and PDF."""
